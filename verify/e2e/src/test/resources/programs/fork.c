// SPDX-License-Identifier: Apache-2.0
/* One thread connects and is greeted, the other forks children all the time, which connect the same descriptor. Says
   how often it was greeted; a connection that is not the thread's own is an error. */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in to = {.sin_family = AF_INET};
static volatile int current = -1, over;

static void *fork_all_the_time(void *unused) {
    while (!over) {
        pid_t child = fork();
        if (child == 0) {
            connect(current, (struct sockaddr *)&to, sizeof to);
            _exit(0);
        }
        waitpid(child, NULL, 0);
    }
    return unused;
}

int main(int count, char **words) {
    if (count != 4 || inet_pton(AF_INET, words[1], &to.sin_addr) != 1) return 2;
    to.sin_port = htons(atoi(words[2]));
    pthread_t other;
    if (pthread_create(&other, NULL, fork_all_the_time, NULL)) return 2;
    for (int i = atoi(words[3]); i > 0; i--) {
        char said[8] = "";
        int socket_of_both = socket(AF_INET, SOCK_STREAM, 0);
        current = socket_of_both;
        if (connect(socket_of_both, (struct sockaddr *)&to, sizeof to)) {
            printf("connect: %s\n", strerror(errno));
            return 1;
        }
        if (recv(socket_of_both, said, 6, MSG_WAITALL) != 6 || strcmp(said, "hello\n")) {
            printf("greeted by `%s`\n", said);
            return 1;
        }
        close(socket_of_both);
    }
    over = 1;
    pthread_join(other, NULL);
    puts("greeted each time");
    return 0;
}
