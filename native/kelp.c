// SPDX-License-Identifier: Apache-2.0
/* The native half of Kelp: client, namespace holder, descriptor store, launcher. How it works stands in PROTOCOL.md. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
/* Numbers and flags that older headers lack; the same on every architecture this is built for */
enum { NR_open_tree = 428, NR_close_range = 436, NR_mount_setattr = 442 };
enum { TREE_CLONE = 1, TREE_RECURSIVE = 0x8000, ATTR_IDMAP = 0x100000, RANGE_CLOEXEC = 4, CLONE_WITH_PIDFD = 0x1000 };
enum {
    HEADER = 8, MAX_PAYLOAD = 4 << 20, MAX_FRAME_FDS = 8, MAX_QUEUED_FDS = 32, /* frames between client and daemon */
    MAX_PACKET = 128 << 10, MAX_PACKET_FDS = 64,               /* of a message between daemon and holder */
    MAX_STORED = 65536, MAX_KEPT_EXITS = 4096, MAX_CONTROL = 256,   /* descriptors, exits, connections to holder.sock */
    MAX_CAUGHT = 1 << 20,         /* standard output of a program that was run for the daemon */
    MAX_KEYS = 64, MAX_RANGES = 64, MAX_OPTIONS = 256,         /* to detach; lines of ids; arguments of the JVM */
    MAX_LOG = 1 << 20, MAX_SMALL_FILE = 64 << 10,              /* a longer log is truncated at a start */
    IO_CHUNK = 64 << 10, IN_CHUNK = 8 << 10,                   /* conmon reads 32 KiB: a longer packet is cut */
    OUT_CHUNK = 4096,             /* PIPE_BUF: a pipe that polls writable takes this much without blocking */
    QUIET_MS = 1000, DRAIN_MS = 1000,                          /* without an answer; of a stream's silence after EXIT */
    RESUME_MS = 60000, RIVAL_MS = 30000, STOP_MS = 10000,      /* for a new daemon; another's holder; until SIGKILL */
    BACKOFF_MS = 100, BACKOFF_MAX_MS = 5000, FAILURES_MAX = 10, FAILURES_MS = 60000,
    NEVER_READY_MAX = 3, FRESH_FAILURE_MS = 2000,              /* ends before it was ready; a failure is told again */
    EXIT_KELP = 125, ROOT_RANGE = 1879048192, ROOT_COUNT = 65536,   /* real root's ids where /etc/subuid names none */
};
enum { C_REQUEST = 1, C_SIGNAL, C_WINCH, C_REPLY, C_RESUME, C_DETACHED, C_STREAM_END };
enum { D_OUT = 1, D_ERR, D_EXIT, D_OPEN, D_PROMPT, D_RUN, D_ATTACH, D_UNLINK, D_MKDIR, D_BIND, D_RENAME, D_UPGRADE,
    D_ELSE };
enum { AT_RAW = 1, AT_INPUT = 2, AT_SIGNALS = 4, AT_PRINT = 8, AT_NO_OUT = 16, AT_NO_ERR = 32 };
enum { KIND_CONMON, KIND_PTY, KIND_PIPES }; enum { SPAWN_SETSID = 1, SPAWN_WITH_DAEMON = 2, SPAWN_WITH_HOLDER = 4,
    SPAWN_PIDNS = 8, SPAWN_REAPER = 16, SPAWN_COMMAND = 128 };        /* these three: of a launcher's command */
static const char USERNS_LIMIT[] = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
static const char INSTALLED[] = "/usr/lib/kelp/bin/kelp";           /* the package's */
/* Where everything is; filled in once by find_paths(). led: 4 where an address led there; address: that one, where it
   is of another engine than would be found without */
static struct { uid_t uid; gid_t gid; unsigned real_root, led; char *root, *data, *run, *address; } me;
/* The launcher's command: our own words and how many descriptors systemd left it; argv is NULL in every other role.
   outside: standard input and output of the shell outside the namespaces, 0 for none */
static struct { char **argv; unsigned argc, kept; char ids; pid_t pid; int status, outside; bool ended; } command;
/* ---- memory and wire helpers --------------------------------------------------------------------------------- */
struct buf { unsigned char *p; size_t len, cap; };
struct in { const unsigned char *p; size_t left; bool bad; };  /* bad: something was missing, the message is refused */
static void *need(void *p) {
    static const char text[] = "kelp: error: allocate: out of memory\n"; if (p) return p;
    (void)!write(2, text, sizeof text - 1); _exit(EXIT_KELP);
}
/* Memory that lives until the loop, be it the client's or the holder's, has dealt with the present event */
static struct chunk { struct chunk *next; } *chunks;
static void *scratch(size_t n) {
    struct chunk *k = need(calloc(1, sizeof *k + n)); k->next = chunks; chunks = k; return k + 1;
}
static void scratch_free(void) { for (struct chunk *k; (k = chunks); free(k)) chunks = k->next; }
__attribute__((format(printf, 1, 2))) static char *format(const char *fmt, ...) {
    va_list ap, again; va_start(ap, fmt); va_copy(again, ap); size_t n = (size_t)vsnprintf(NULL, 0, fmt, ap) + 1;
    char *s = scratch(n); vsnprintf(s, n, fmt, again); va_end(again); va_end(ap); return s;
}
static void *buf_room(struct buf *b, size_t n) {
    if (b->cap - b->len < n) b->p = need(realloc(b->p, b->cap = (b->len + n) * 2 + 256));
    return b->p + b->len;
}
static void put_mem(struct buf *b, const void *p, size_t n) { memcpy(buf_room(b, n + 1), n ? p : "", n); b->len += n; }
static void put(struct buf *b, uint32_t v, int bytes) {
    for (; bytes--; v >>= 8) put_mem(b, &(unsigned char){ v & 255 }, 1);
}
static void put_str(struct buf *b, const char *s) { put(b, (uint32_t)strlen(s), 4); put_mem(b, s, strlen(s)); }
static void put_strv(struct buf *b, char **v) {
    uint32_t n = 0; while (v[n]) n++; for (put(b, n, 4); *v; v++) put_str(b, *v);
}
/* 1, 2, 4: an integer of so many bytes; s: a string; v: a counted list of strings */
static void pack(struct buf *b, const char *fmt, ...) {
    va_list ap; va_start(ap, fmt); for (; *fmt; fmt++) {
        if (*fmt == 's') put_str(b, va_arg(ap, const char *));
        else if (*fmt == 'v') put_strv(b, va_arg(ap, char **));
        else put(b, va_arg(ap, unsigned), *fmt - '0');
    }
    va_end(ap);
}
static const unsigned char *get_mem(struct in *in, size_t n) {
    const unsigned char *p = in->p; if (in->bad || n > in->left) return in->bad = true, NULL;
    in->p += n; in->left -= n; return p;
}
static uint32_t get(struct in *in, int bytes) {
    const unsigned char *p = get_mem(in, (size_t)bytes); uint32_t v = 0; while (p && bytes--) v = v << 8 | p[bytes];
    return v;
}
/* Always a terminated string; a NUL inside makes the message bad, as no path or argument can have one */
static char *get_str(struct in *in) {
    uint32_t n = get(in, 4); const unsigned char *p = get_mem(in, n);
    if (!p || memchr(p, 0, n)) return in->bad = true, scratch(1);
    return memcpy(scratch((size_t)n + 1), p, n);
}
static char **get_strv(struct in *in) {
    uint32_t n = get(in, 4); if (in->bad || n > in->left / 4) in->bad = true, n = 0;
    char **v = scratch(((size_t)n + 1) * sizeof *v); for (uint32_t i = 0; i < n; i++) v[i] = get_str(in);
    return v;
}
/* As pack(), into variables: unsigned for every integer. False when the message is bad. */
static bool unpack(struct in *in, const char *fmt, ...) {
    va_list ap; va_start(ap, fmt); for (; *fmt; fmt++) {
        if (*fmt == 's') *va_arg(ap, char **) = get_str(in);
        else if (*fmt == 'v') *va_arg(ap, char ***) = get_strv(in);
        else *va_arg(ap, unsigned *) = get(in, *fmt - '0');
    }
    va_end(ap); return !in->bad;
}
static void close_all(const int *fds, unsigned n) { while (n) close(fds[--n]); }
/* Keeps errno, so that it can stand between a failure and its report */
static void shut(int *fd) {
    int e = errno; if (*fd >= 0) close(*fd);
    *fd = -1; errno = e;
}
union control { struct cmsghdr align; char space[CMSG_SPACE(MAX_PACKET_FDS * sizeof(int))]; };
static ssize_t send_fds(int sock, struct iovec *iov, size_t niov, const int *fds, unsigned n, int flags) {
    union control ctl = { 0 }; struct msghdr m = { .msg_iov = iov, .msg_iovlen = niov }; ssize_t r;
    if (n) {
        m.msg_control = &ctl; m.msg_controllen = CMSG_SPACE(n * sizeof(int));
        *CMSG_FIRSTHDR(&m) = (struct cmsghdr){ CMSG_LEN(n * sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
        memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), fds, n * sizeof(int));
    }
    while ((r = sendmsg(sock, &m, flags | MSG_NOSIGNAL)) < 0 && errno == EINTR) continue;
    return r;
}
/* One sendmsg, then what it did not take. A failure is left to the reading side, which learns of it in any case. */
static void send_frame(int sock, unsigned type, const struct buf *b, const int *fds, unsigned n) {
    size_t len = b ? b->len : 0;
    uint8_t head[HEADER] = { len & 255, len >> 8 & 255, len >> 16 & 255, 0, (uint8_t)type, (uint8_t)n };
    struct iovec iov[2] = { { head, HEADER }, { b ? b->p : NULL, len } };
    for (ssize_t r; iov[0].iov_len + iov[1].iov_len; n = 0) {
        if ((r = send_fds(sock, iov, 2, fds, n, 0)) < 0) return;
        for (int i = 0; i < 2; i++) {
            size_t took = (size_t)r < iov[i].iov_len ? (size_t)r : iov[i].iov_len;
            iov[i].iov_base = (char *)iov[i].iov_base + took; iov[i].iov_len -= took; r -= (ssize_t)took;
        }
    }
}
/* Returns as recvmsg does; descriptors are added to fds (room for max), -1 with EMSGSIZE tells of a cut message */
static ssize_t recv_fds(int sock, void *p, size_t len, int *fds, unsigned max, unsigned *n, int flags) {
    union control ctl; struct iovec iov = { p, len };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &ctl, .msg_controllen = sizeof ctl };
    bool cut = false; ssize_t r;
    while ((r = recvmsg(sock, &m, flags | MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) continue;
    if (r < 0) return r;
    for (struct cmsghdr *k = CMSG_FIRSTHDR(&m); k; k = CMSG_NXTHDR(&m, k)) {
        if (k->cmsg_level != SOL_SOCKET || k->cmsg_type != SCM_RIGHTS) continue;
        for (size_t i = 0; i < (k->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
            int fd; memcpy(&fd, CMSG_DATA(k) + i * sizeof fd, sizeof fd); if (*n < max) fds[(*n)++] = fd;
            else cut = close(fd) == 0;
        }
    }
    if (!cut && !(m.msg_flags & (MSG_CTRUNC | MSG_TRUNC))) return r;
    errno = EMSGSIZE; return -1;
}
static bool write_all(int fd, const void *p, size_t n) {
    for (ssize_t r; n; p = (const char *)p + r, n -= (size_t)r) {
        while ((r = write(fd, p, n)) < 0 && errno == EINTR) continue;
        if (r < 0) return false;
    }
    return true;
}
/* Reads to the end or the limit; the result is terminated */
static char *read_all(int fd, size_t *len) {
    static char text[MAX_SMALL_FILE + 1]; size_t n = 0;
    for (ssize_t r; n < MAX_SMALL_FILE; n += (size_t)r) if ((r = read(fd, text + n, MAX_SMALL_FILE - n)) <= 0) break;
    if (len) *len = n;
    return memcpy(scratch(n + 1), text, n);
}
/* "" when it cannot be read */
static char *read_file(const char *path, size_t *len) {
    int fd = open(path, O_RDONLY | O_CLOEXEC); char *text = read_all(fd, len); shut(&fd); return text;
}
static char *first_line(const char *path) { char *s = read_file(path, NULL); s[strcspn(s, "\n")] = 0; return s; }
static bool write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC); bool ok = write(fd, text, strlen(text)) >= 0; shut(&fd); return ok;
}
static bool starts(const char *s, const char *with) { return strncmp(s, with, strlen(with)) == 0; }
static int64_t now_ms(void) {
    struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
static const char *errtext(int e) {              /* of an error, or of a signal when negative */
    char *text = format("%s", e < 0 ? strsignal(-e) : strerror(e));
    return *text >= 'A' && *text <= 'Z' ? (*text |= 0x20, text) : text;
}
static void tty_leave(void);
static FILE *fail_to;             /* where fail() writes instead of stderr: to the client, while the holder starts */
/* Ends the program: "kelp: error: …", then the hint when there is one */
_Noreturn static void end_with(const char *hint, const char *text) {
    tty_leave();
    fprintf(fail_to ? fail_to : stderr, hint ? "kelp: error: %s\nhint: %s\n" : "kelp: error: %s\n", text, hint);
    exit(EXIT_KELP);
}
#define fail(hint, ...) end_with(hint, format(__VA_ARGS__))
/* ---- paths --------------------------------------------------------------------------------------------------- */
static const char *env(const char *name) { const char *v = getenv(name); return v && *v ? v : NULL; }
static char *in_run(const char *name) { return format("%s/%s", me.run, name); }
static char *in_root(const char *name) { return format("%s/%s", me.root, name); }
static char *lock_path(void) { return format("%s/lock", me.data); }
static void keep_path(char **to, const char *path) { *to = need(strdup(path)); }
static const char *base_name(const char *path) { const char *at = strrchr(path, '/'); return at ? at + 1 : path; }
static bool mine(const char *dir) {
    struct stat st; return stat(dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == me.uid;
}
/* The engine whose socket is at an address, or that has put a link to it where containerd's was asked for */
static bool find_address(const char *path) {
    char *to = scratch(PATH_MAX), *data = scratch(PATH_MAX), *end; if (starts(path, "unix://")) path += 7;
    if (readlink(path, to, PATH_MAX - 1) < 1) to = format("%s", path);
    if (!(end = strrchr(to, '/')) || strcmp(end, "/kelp.sock")) return false;
    if (*end = 0, me.led = 4, strcmp(to, me.run) == 0) return true;
    keep_path(&me.address, path); keep_path(&me.run, to);
    if (!env("KELP_DATA_ROOT") && readlink(in_run("data"), data, PATH_MAX - 1) > 0) keep_path(&me.data, data);
    return true;
}
static void find_run(void) {
    const char *v; if ((v = env("KELP_RUN_ROOT"))) return keep_path(&me.run, v);
    if (me.real_root) return keep_path(&me.run, "/run/kelp");
    if ((v = env("XDG_RUNTIME_DIR")) && *v == '/' && mine(v)) return keep_path(&me.run, format("%s/kelp", v));
    if (*(v = first_line(lock_path())) == '/' && mine(v)) return keep_path(&me.run, v);
    bool user = mine(format("/run/user/%u", me.uid));
    keep_path(&me.run, format(user ? "/run/user/%u/kelp" : "/tmp/kelp-%u", me.uid));
}
static void find_root(void) {
    char *path = scratch(PATH_MAX), *slash; (void)!readlink("/proc/self/exe", path, PATH_MAX - 1);
    for (int i = 0; i < 2; i++) *((slash = strrchr(path, '/')) ? slash : path) = 0;
    keep_path(&me.root, path);
}
static void find_paths(void) {
    const char *v; unsigned long count = 0; me.uid = geteuid(); me.gid = getegid();
    if (me.uid == 0) sscanf(read_file("/proc/self/uid_map", NULL), " 0 0 %lu", &count);
    me.real_root = count == UINT32_MAX; find_root();
    if ((v = env("KELP_DATA_ROOT"))) keep_path(&me.data, v);
    else if (me.real_root) keep_path(&me.data, "/var/lib/kelp");
    else if ((v = env("XDG_DATA_HOME"))) keep_path(&me.data, format("%s/kelp", v));
    else if ((v = env("HOME"))) keep_path(&me.data, format("%s/.local/share/kelp", v));
    else fail("set HOME or KELP_DATA_ROOT", "find the data root: HOME is not set");
    if (find_run(), (v = env("CONTAINERD_ADDRESS")) && !env("KELP_RUN_ROOT")) (void)find_address(v);
    if (me.data[0] != '/' || me.run[0] != '/')
        fail(NULL, "use %s: the data and run roots must be absolute paths", me.data[0] != '/' ? me.data : me.run);
}
static int make_dirs(const char *path, mode_t mode) {
    char *copy = format("%s", path); struct stat st; int why = ENOENT;
    for (char *p = copy; *p && (p = strchr(p + 1, '/')); *p = '/')
        if (*p = 0, mkdir(copy, mode) < 0 && errno != EEXIST && why == ENOENT) why = errno;
    if (mkdir(copy, mode) == 0) return 0;
    if (errno == ENOENT) errno = why;
    if (errno != EEXIST || stat(copy, &st) < 0) return -1;
    errno = ENOTDIR; return S_ISDIR(st.st_mode) ? 0 : -1;
}
/* As real root the folder belongs to root or, after the first start, to the id root's range begins with */
static void private_dir(const char *path) {
    struct stat st;
    if (make_dirs(path, 0700) < 0 || lstat(path, &st) < 0) fail(NULL, "create directory %s: %s", path, errtext(errno));
    if (!S_ISDIR(st.st_mode) || (st.st_uid != me.uid && !me.real_root) || st.st_mode & 022)
        fail("remove it, or set KELP_RUN_ROOT and KELP_DATA_ROOT",
             "use directory %s: it belongs to somebody else or others may write to it", path);
    if (st.st_mode & 077 && chmod(path, 0700) < 0) fail(NULL, "chmod %s: %s", path, errtext(errno));
}
static struct sockaddr_un sock_addr(const char *name) {
    struct sockaddr_un a = { .sun_family = AF_UNIX }; const char *path = in_run(name);
    if (strlen(path) >= sizeof a.sun_path)
        fail("set KELP_RUN_ROOT to a shorter path", "use socket %s: file name too long", path);
    strcpy(a.sun_path, path); return a;
}
/* At the other end may be only the user, or for root the owner of the folder: whoever called listen(2), the holder */
static int dial(const char *name) {
    struct sockaddr_un a = sock_addr(name); struct ucred peer; struct stat st;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0) { shut(&fd); return -1; }
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &(socklen_t){ sizeof peer }) < 0 ||
        (peer.uid != me.uid && !(me.real_root && stat(me.run, &st) == 0 && st.st_uid == peer.uid)))
        fail(NULL, "connect to %s: it belongs to another user", a.sun_path);
    return fd;
}
/* ---- starting the holder ------------------------------------------------------------------------------------- */
/* The first client's environment, cut down before it is executed with it: /proc shows that for as long as it lives */
static void keep_environment(void) {
    static const char *const keep[] = { "PATH=", "HOME=", "LANG=", "XDG_RUNTIME_DIR=", "TMPDIR=", "KELP_",
                                        "ROOTLESSKIT_", "CONTAINERD_ROOTLESS_ROOTLESSKIT_" };
    char **to = environ;
    for (char **e = environ; *e; e++) for (int i = 0; i < 8; i++) if (starts(*e, keep[i])) { *to++ = *e; break; }
    *to = NULL;
}
/* AppArmor gives namespaces to programs that have a profile: an installed one makes them, then becomes this build */
static const char *holder_program(void) {
    if (me.real_root || *read_file(USERNS_LIMIT, NULL) != '1' || access(INSTALLED, X_OK) < 0 ||
        strchr(first_line("/proc/self/attr/current"), '(')) return "/proc/self/exe";
    setenv("KELP_BUILD", me.root, 1); return INSTALLED;
}
/* In the forked child: executed afresh, lest the user's arguments and descriptors stay with the holder */
_Noreturn static void become_holder(int lock, int tell) {
    char *argv[] = { "kelp-holder", "--holder", "start", format("%d", lock), format("%d", tell), NULL }; sigset_t none;
    setsid(); sigemptyset(&none); sigprocmask(SIG_SETMASK, &none, NULL); keep_environment();
    setenv("KELP_DATA_ROOT", me.data, 1); setenv("KELP_RUN_ROOT", me.run, 1); setenv("MALLOC_ARENA_MAX", "1", 1);
    syscall(NR_close_range, 3u, ~0u, RANGE_CLOEXEC); fcntl(lock, F_SETFD, 0); fcntl(tell, F_SETFD, 0);
    if (env("KELP_LISTENER")) fcntl(3, F_SETFD, 0);
    execv(holder_program(), argv);
    dprintf(tell, "kelp: error: execute the holder: %s\n", errtext(errno)); _exit(EXIT_KELP);
}
/* False when another one holds the lock, which belongs to the open file: the child keeps what the parent took */
static bool start_holder(void) {
    int tell[2]; private_dir(me.data); int lock = open(lock_path(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0) fail(NULL, "open %s: %s", lock_path(), errtext(errno));
    if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
        char *other = first_line(lock_path());        /* its run root may not be ours */
        if (*other == '/' && strcmp(other, me.run) != 0) keep_path(&me.run, other);
        close(lock); return false;
    }
    private_dir(me.run); pid_t pid = pipe2(tell, O_CLOEXEC) < 0 ? -1 : fork();
    if (pid < 0) fail(NULL, "fork: %s", errtext(errno));
    if (pid == 0) become_holder(lock, tell[1]);
    close(lock); close(tell[1]);
    char *text = read_all(tell[0], NULL);             /* ends when the holder listens, or with what went wrong */
    if (close(tell[0]), !*text) return true;
    (void)write_all(2, text, strlen(text)); exit(EXIT_KELP);
}
/* Whoever names a data root must not get at another one's containers through a run root that they share */
static void check_data(void) {
    struct stat ours, theirs; if (env("KELP_DATA_ROOT") && stat(in_run("data"), &theirs) == 0 &&
        (stat(me.data, &ours) < 0 || ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev))
        fail("set KELP_RUN_ROOT too", "use data root %s: the engine in %s has another one", me.data, me.run);
}
/* A connection to kelp.sock, with a holder made when there is none */
static int dial_daemon(bool *started) {
    for (int64_t until = 0;;) {
        int fd = dial("kelp.sock"); if (fd >= 0) return check_data(), fd;
        if (errno != ENOENT && errno != ECONNREFUSED && errno != ENOTDIR)
            fail(NULL, "connect to %s/kelp.sock: %s", me.run, errtext(errno));
        if (me.address) fail("start it, or leave out --address and CONTAINERD_ADDRESS: Kelp finds your own engine",
                             "connect to the engine at %s: %s", me.address, errtext(errno));
        if (!until) until = now_ms() + RIVAL_MS;
        if (start_holder()) *started = true;
        else if (now_ms() < until) poll(NULL, 0, 10);
        else fail("see holder.log in the run root", "wait for the holder that locks %s: nothing listens in %s",
                  lock_path(), me.run);
    }
}
/* Asks the holder one thing and returns the answer, NULL when there is no holder */
static char *ask_holder(const char *line) {
    int fd = dial("holder.sock"); char *answer = NULL; line = format("%s\n", line);
    if (fd >= 0) (void)!send(fd, line, strlen(line), MSG_NOSIGNAL), answer = read_all(fd, NULL);
    return shut(&fd), answer;
}
/* The same, with a holder made when there is none: by somebody else, where the socket is a service manager's */
static char *ask_engine(const char *line) {
    char *answer; bool started;
    for (int n = 0; !(answer = ask_holder(line)) && n < RIVAL_MS / 10; poll(NULL, 0, n++ ? 10 : 0))
        if (env("KELP_LISTENER")) (void)start_holder();        /* a service manager's socket connects at once */
        else if (n % 100 == 0) close(dial_daemon(&started));
    if (!answer) fail("see holder.log in the run root", "ask the holder in %s: nothing listens", me.run);
    return answer;
}
/* ---- terminal ------------------------------------------------------------------------------------------------ */
static struct {
    int fd, guard;                /* -1: as the user left it; guard: pipe to that process, 'r' raw, 'c' cooked */
    bool applied; struct termios saved, mode;
} tty = { .fd = -1, .guard = -1 };
static sigset_t first_mask;       /* the client was started with it; programs it runs get it back */
/* If the pipe ends in raw mode, the client was killed. No key or job control reaches it: it has its own session. */
_Noreturn static void guard_main(int from) {
    struct termios is; char byte, last = 'c'; setsid(); if (tty.fd != 0) dup2(tty.fd, 0);
    dup2(from, 1); syscall(NR_close_range, 2u, ~0u, 0u); while (read(1, &byte, 1) > 0) last = byte;
    if (last == 'r' && tcgetattr(0, &is) == 0 && is.c_lflag == tty.mode.c_lflag && is.c_iflag == tty.mode.c_iflag)
        tcsetattr(0, TCSADRAIN, &tty.saved);
    _exit(0);
}
static void tty_apply(void) {
    if (tty.fd < 0 || tty.applied) return;
    (void)!write(tty.guard, "r", 1); tty.applied = tcsetattr(tty.fd, TCSADRAIN, &tty.mode) == 0;
}
static void tty_suspend(void) {
    if (tty.fd < 0 || !tty.applied) return;
    tcsetattr(tty.fd, TCSADRAIN, &tty.saved); tty.applied = false; (void)!write(tty.guard, "c", 1);
}
static void tty_leave(void) { tty_suspend(); shut(&tty.guard); tty.fd = -1; }
/* Raw, or cooked without echo */
static void tty_enter(int fd, bool raw) {
    int p[2]; if (tty.fd >= 0 || tcgetattr(fd, &tty.saved) < 0 || pipe2(p, O_CLOEXEC) < 0) return;
    tty.mode = tty.saved; raw ? cfmakeraw(&tty.mode) : (void)(tty.mode.c_lflag &= ~(tcflag_t)ECHO); tty.fd = fd;
    if (fork() == 0) guard_main(p[0]);
    close(p[0]); tty.guard = p[1]; tty_apply();
}
/* A read of nothing stops a background job by SIGTTIN until it is in the foreground. False for an orphaned job. */
static bool tty_wait_foreground(int fd) {
    char none; return tcgetpgrp(fd) == getpgrp() || read(fd, &none, 0) == 0 || errno == EINTR;
}
_Noreturn static void die_by_signal(int sig) {
    sigset_t set; tty_leave(); signal(sig, SIG_DFL); sigemptyset(&set); sigaddset(&set, sig); raise(sig);
    sigprocmask(SIG_UNBLOCK, &set, NULL); _exit(128 + sig);
}
/* ---- client -------------------------------------------------------------------------------------------------- */
struct out { int fd; size_t at; struct buf b; bool broken; };   /* b.p[at] is the next byte to go to fd */
struct attach {
    bool on, ended_told, detached, reading;           /* reading: standard input is being forwarded */
    int read[2], ctl;                                 /* -1 where ended; ctl: for the window size */
    struct out in;                                    /* towards the process; fd is -1 when closed */
    unsigned char last, keys[MAX_KEYS], held[MAX_KEYS + 1];   /* held: what was typed of keys, to detach */
    unsigned kind, flags; size_t nkeys, nheld; char *token;
};
static struct {
    int sock, sig, holder, code, fds[MAX_QUEUED_FDS];    /* holder: asked what is wrong, -1 if not */
    unsigned nfds, tty_bits, other_bits, seen[65]; struct buf in; struct out out[2]; struct attach at;
    bool answered, started, upgraded, exiting, lost_output; int64_t ask_at, drain_until, resume_until; char **argv, *to;
} c = { .sock = -1, .sig = -1, .holder = -1 };
static bool window_size(struct winsize *w) {
    memset(w, 0, sizeof *w);
    for (int fd = 0; fd < 3; fd++) if (c.tty_bits & 1u << fd && ioctl(fd, TIOCGWINSZ, w) == 0) return true;
    return false;
}
/* Nothing this program opens may become 0, 1 or 2, so closed ones are filled first */
static void look_at_stdio(void) {
    struct termios t; for (int fd = 0; fd < 3; fd++) {
        if (tcgetattr(fd, &t) == 0) c.tty_bits |= 1u << fd;
        else if (errno == EBADF && fcntl(fd, F_GETFD) < 0) {
            if (fd == 0) c.other_bits |= 2;
            if (open("/dev/null", fd ? O_WRONLY : O_RDONLY) != fd) fail(NULL, "open /dev/null: %s", errtext(errno));
        }
    }
}
static void send_simple(unsigned type, const char *fmt, unsigned a, unsigned b) {
    struct buf m = { 0 }; pack(&m, fmt, a, b); send_frame(c.sock, type, &m, NULL, 0); free(m.p);
}
static void send_request(void) {
    struct buf b = { 0 }; struct winsize w; int fds[4], n = 1; mode_t mask = umask(0); umask(mask); window_size(&w);
    pack(&b, "s11224svv", first_line(in_root("build-id")), c.tty_bits, c.other_bits | me.real_root | me.led,
         w.ws_row, w.ws_col, mask, base_name(c.argv[0]), c.argv + 1, environ);
    if (b.len > MAX_PAYLOAD)
        fail(NULL, "send the request: arguments and environment are longer than %d bytes", MAX_PAYLOAD);
    if ((fds[0] = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
        fds[0] = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (int fd = 0; fd < 3; fd++) if (!(c.tty_bits & 1u << fd) && !(fd == 0 && c.other_bits & 2)) fds[n++] = fd;
    send_frame(c.sock, C_REQUEST, &b, fds, (unsigned)n); shut(&fds[0]); free(b.p);
}
static void reply(uint32_t id, int result, const void *p, size_t n, int fd) {
    struct buf b = { 0 }; pack(&b, "44", id, (unsigned)result); put_mem(&b, p, n);
    send_frame(c.sock, C_REPLY, &b, &fd, fd >= 0); free(b.p);
}
/* The signals that go to the daemon; one that was ignored (nohup) stays so, and would not if it were blocked */
static void catch_signals(bool all) {
    static const int sigs[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH, SIGCONT, SIGUSR1, SIGUSR2 };
    struct sigaction old; sigset_t set; sigemptyset(&set); for (int i = 0; i < (all ? 8 : 6); i++)
        if (sigaction(sigs[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) sigaddset(&set, sigs[i]);
    if (tty.fd >= 0) sigaddset(&set, SIGTSTP);
    sigprocmask(SIG_BLOCK, &set, NULL); c.sig = signalfd(c.sig, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}
static void send_window(void) {
    struct winsize w; if (!window_size(&w)) return;
    if (!c.at.on) send_simple(C_WINCH, "22", w.ws_row, w.ws_col);
    else if (c.at.kind == KIND_PTY && c.at.read[0] >= 0) ioctl(c.at.read[0], TIOCSWINSZ, &w);
    else if (c.at.kind == KIND_CONMON && c.at.ctl >= 0) dprintf(c.at.ctl, "1 %u %u\n", w.ws_row, w.ws_col);
}
static void handle_signal(int sig) {
    if (sig == SIGCONT) {                             /* forwarding from a terminal is for the foreground job alone */
        if (c.at.reading && c.tty_bits & 1 && !tty_wait_foreground(0)) c.at.reading = false;
        tty_apply();
    }
    if (sig == SIGCONT || sig == SIGWINCH) return send_window();
    if (sig == SIGTSTP) return tty_suspend(), (void)raise(SIGSTOP);
    if (c.at.on && !c.at.detached && !(c.at.flags & AT_SIGNALS)) die_by_signal(sig);
    if (++c.seen[sig] >= 2 && (!c.at.on || c.sock < 0)) { tty_leave(); _exit(128 + sig); }
    if (c.sock >= 0) send_simple(C_SIGNAL, "4", (unsigned)sig, 0);
}
/* True when one was not just about the terminal */
static bool take_signals(void) {
    struct signalfd_siginfo s; bool any = false;
    while (read(c.sig, &s, sizeof s) == sizeof s) {
        any |= s.ssi_signo != SIGWINCH && s.ssi_signo != SIGCONT && s.ssi_signo != SIGTSTP;
        handle_signal((int)s.ssi_signo);
    }
    return any;
}
/* ---- client: what the daemon asks for ------------------------------------------------------------------------ */
/* A FIFO can keep open(2) waiting: the user must be able to interrupt that, so signals act by default meanwhile */
static void do_open(struct in *in, uint32_t id) {
    sigset_t set; unsigned flags, mode; char *path; if (!unpack(in, "44s", &flags, &mode, &path)) return;
    sigprocmask(SIG_SETMASK, &first_mask, &set);
    int fd = open(path, (int)(flags | O_CLOEXEC | O_NOCTTY), (mode_t)mode), e = errno;
    sigprocmask(SIG_SETMASK, &set, NULL); reply(id, fd < 0 ? -e : 0, NULL, 0, fd); shut(&fd);
}
static int read_line(int fd, char *line, size_t size, size_t *len) {
    while (*len < size) {
        struct pollfd p[2] = { { fd, POLLIN, 0 }, { c.sig, POLLIN, 0 } }; poll(p, 2, -1);
        if (p[1].revents && take_signals()) return -EINTR;
        if (!p[0].revents) continue;
        ssize_t r = read(fd, line + *len, size - *len); if (r < 0 && errno != EINTR) return -errno;
        if (r == 0) return *len ? 0 : -ENODATA;
        *len += r > 0 ? (size_t)r : 0;
        if (*len && line[*len - 1] == '\n') return --*len, 0;
    }
    return 0;
}
static void do_prompt(struct in *in, uint32_t id) {
    char line[4096], *text; size_t len = 0; unsigned echo; if (!unpack(in, "1s", &echo, &text)) return;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY), r = -ENOTTY;
    int from = fd >= 0 ? fd : c.tty_bits & 1 ? 0 : -1, to = fd >= 0 ? fd : 2;
    if (from >= 0) {
        (void)write_all(to, text, strlen(text)); if (!echo) tty_enter(from, false);
        catch_signals(false); r = read_line(from, line, sizeof line, &len);
        if (!echo) tty_leave(), (void)write_all(to, "\n", 1);
    }
    reply(id, r, line, r < 0 ? 0 : len, -1); explicit_bzero(line, sizeof line); shut(&fd);
}
/* Catches its output; input is a file, so there is but one pipe to watch. The exit code, 128+signal, or -errno. */
static int run_program(char **argv, const void *p, size_t n, struct buf *caught) {
    int in = memfd_create("input", MFD_CLOEXEC), out[2], status = 0;
    if (in < 0 || !write_all(in, p, n) || lseek(in, 0, SEEK_SET) < 0 || pipe2(out, O_CLOEXEC) < 0)
        return shut(&in), -errno;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(in, 0); dup2(out[1], 1); signal(SIGPIPE, SIG_DFL); sigprocmask(SIG_SETMASK, &first_mask, NULL);
        execvp(argv[0], argv); if (errno == ENOENT) _exit(127);
        dprintf(2, "kelp: error: execute %s: %s\n", argv[0], errtext(errno)); _exit(126);
    }
    close(in); close(out[1]);
    for (ssize_t r = 1; (r > 0 || (r < 0 && errno == EINTR)) && caught->len <= MAX_CAUGHT;)
        if ((r = read(out[0], buf_room(caught, OUT_CHUNK), OUT_CHUNK)) > 0) caught->len += (size_t)r;
    close(out[0]); while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    if (pid < 0 || caught->len > MAX_CAUGHT) return pid < 0 ? -EAGAIN : -E2BIG;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
static void do_run(struct in *in, uint32_t id) {
    struct buf caught = { 0 }; unsigned n; char **argv; (void)unpack(in, "v4", &argv, &n);
    const void *feed = get_mem(in, n); if (in->bad || !argv[0]) { in->bad = true; return; }
    int r = run_program(argv, feed, n, &caught); reply(id, r, caught.p, r < 0 ? 0 : caught.len, -1); free(caught.p);
}
/* A detached copy of a mount, made with the client's rights; id-mapped where only host root may do so */
static void do_bind(struct in *in, uint32_t id, const int *fds, unsigned n) {
    struct { uint64_t set, clear, propagation, userns; } attr = { ATTR_IDMAP, 0, 0, 0 }; unsigned flags; char *path;
    if (!unpack(in, "4s", &flags, &path) || (flags & 2 && n < 1)) { in->bad = true; return; }
    unsigned deep = flags & 1 ? TREE_RECURSIVE : 0;
    int fd = (int)syscall(NR_open_tree, AT_FDCWD, path, TREE_CLONE | O_CLOEXEC | deep), e = fd < 0 ? errno : 0;
    if (n) attr.userns = (uint64_t)fds[0];
    if (!e && flags & 2 && syscall(NR_mount_setattr, fd, "", AT_EMPTY_PATH | deep, &attr, sizeof attr) < 0) e = errno;
    reply(id, -e, NULL, 0, e ? -1 : fd); shut(&fd);
}
/* MKDIR and RENAME */
static void do_names(struct in *in, uint32_t id, bool making) {
    unsigned mode; char *from, *to;
    if (!(making ? unpack(in, "4s", &mode, &to) : unpack(in, "ss", &from, &to))) return;
    int r = making ? make_dirs(to, (mode_t)(mode & 07777)) : rename(from, to);
    reply(id, r < 0 ? -errno : 0, NULL, 0, -1);
}
/* ---- client: attached streams -------------------------------------------------------------------------------- */
/* The descriptors of a stream are the daemon's to give, so these may be O_NONBLOCK; the user's never */
static int own_copy(int fd) {
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}
static void do_attach(struct in *in, const int *fds, unsigned n) {
    struct attach *a = &c.at; unsigned len, i = 0; bool again = a->on;
    (void)unpack(in, "114", &a->kind, &a->flags, &len); const unsigned char *keys = get_mem(in, len);
    char *token = get_str(in);
    if (again || in->bad || a->kind > KIND_PIPES || len > MAX_KEYS || n < 1) { in->bad = true; return; }
    memcpy(a->keys, keys, a->nkeys = len); a->token = need(strdup(token));
    a->read[0] = a->read[1] = a->ctl = a->in.fd = -1; if (a->flags & AT_INPUT) a->in.fd = own_copy(fds[0]);
    if (a->flags & AT_INPUT && a->kind == KIND_PIPES) i++;
    if (n > i) a->read[0] = own_copy(fds[i]);
    if (n > i + 1) *(a->kind == KIND_PIPES ? &a->read[1] : &a->ctl) = own_copy(fds[i + 1]);
    a->on = true; a->reading = a->in.fd >= 0 && !(c.tty_bits & 1 && !tty_wait_foreground(0));
    if (a->flags & AT_RAW && c.tty_bits & 1) tty_enter(0, true);
    catch_signals(a->flags & AT_SIGNALS); send_window();
}
static void stop_streams(void) {
    shut(&c.at.read[0]), shut(&c.at.read[1]), shut(&c.at.in.fd), shut(&c.at.ctl); c.at.reading = false;
}
static void put_out(struct out *o, const void *p, size_t n) { if (!o->broken) put_mem(&o->b, p, n); }
static bool pending(const struct out *o) { return o->b.len > o->at; }
/* Writes what the descriptor takes now; false when it will never take more */
static bool flush_out(struct out *o, size_t chunk) {
    size_t n = o->b.len - o->at; ssize_t r = write(o->fd, o->b.p + o->at, n < chunk ? n : chunk);
    if (r < 0) return errno == EAGAIN || errno == EINTR;
    if ((o->at += (size_t)r) == o->b.len) o->at = o->b.len = 0;
    return true;
}
static void flush_stdout(struct out *o) {
    if (c.exiting) c.drain_until = now_ms() + DRAIN_MS;
    if (flush_out(o, OUT_CHUNK)) return;
    if (errno == EPIPE) die_by_signal(SIGPIPE);
    if (o->fd == 1) dprintf(2, "kelp: error: write standard output: %s\n", errtext(errno));
    c.lost_output = o->broken = true; o->b.len = o->at = 0;
}
/* What was typed and is not the beginning of the detach sequence goes on to the process */
static void forward_byte(struct attach *a, unsigned char byte) {
    size_t skip = 0, n = a->nheld + 1; a->held[a->nheld] = byte;
    while (n - skip && (n - skip > a->nkeys || memcmp(a->held + skip, a->keys, n - skip) != 0)) skip++;
    put_mem(&a->in.b, a->held, skip); memmove(a->held, a->held + skip, a->nheld = n - skip);
}
/* The end of standard input, once all of it has gone out */
static void end_input(struct attach *a) {
    struct termios t; if (a->kind == KIND_CONMON) shutdown(a->in.fd, SHUT_WR);
    if (a->kind == KIND_PTY && tcgetattr(a->in.fd, &t) == 0 && t.c_lflag & ICANON) {
        char eof[2] = { (char)t.c_cc[VEOF], (char)t.c_cc[VEOF] };
        /* Within a line the first VEOF only hands over what is there */
        (void)!write(a->in.fd, eof, a->last && a->last != '\n' ? 2 : 1);
    }
    shut(&a->in.fd);
}
static void read_stdin(struct attach *a) {
    unsigned char p[IN_CHUNK]; ssize_t r = read(0, p, sizeof p);
    if (r < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (r <= 0) {
        a->reading = false; put_mem(&a->in.b, a->held, a->nheld); a->nheld = 0;
    } else if (!a->nkeys || !(c.tty_bits & 1)) {
        put_mem(&a->in.b, p, (size_t)r);
    } else for (ssize_t i = 0; i < r; i++) {
        forward_byte(a, p[i]);
        if (a->nheld != a->nkeys) continue;
        stop_streams(); tty_leave(); a->detached = true;
        if (c.sock < 0) c.exiting = true;
        else send_frame(c.sock, C_DETACHED, NULL, NULL, 0);
        return;
    }
}
static void write_input(struct attach *a) {
    if (a->in.b.len) a->last = a->in.b.p[a->in.b.len - 1];
    if (flush_out(&a->in, IN_CHUNK)) return;
    shut(&a->in.fd);                                  /* the process reads no more */
    a->reading = false; a->in.b.len = a->in.at = 0;
}
static void read_stream(struct attach *a, int i) {
    static unsigned char p[IO_CHUNK]; ssize_t r = read(a->read[i], p, sizeof p);
    if (r < 0 && (errno == EINTR || errno == EAGAIN || errno == ECONNRESET)) return;   /* told once: unread input */
    if (r <= 0) return shut(&a->read[i]);             /* a pty ends with EIO */
    if (c.exiting) c.drain_until = now_ms() + DRAIN_MS;
    bool tagged = a->kind == KIND_CONMON, err = tagged ? p[0] == 3 : i == 1;
    if (!(a->flags & AT_PRINT) || a->flags & (err ? AT_NO_ERR : AT_NO_OUT)) return;
    put_out(&c.out[err], p + tagged, (size_t)r - tagged);
}
/* ---- client: the loop ---------------------------------------------------------------------------------------- */
static void forget_connection(void) { shut(&c.sock); close_all(c.fds, c.nfds); c.in.len = c.nfds = 0; }
/* The same words to the daemon, brought up to date, or to that of an address which the daemon has found in them */
static void do_upgrade(const char *address) {
    if (address && !find_address(address)) fail("leave it out: Kelp finds your own engine",
        "use the engine at %s: %s", address, access(address, F_OK) < 0 ? errtext(errno) : "it is not Kelp's");
    if (c.upgraded && !address) fail("run kelp system restart", "upgrade the daemon: it still is of another build");
    c.upgraded = !address; sigprocmask(SIG_SETMASK, &first_mask, NULL);
    char *answer = address ? NULL : ask_holder(format("upgrade %s", me.root)); if (answer && !starts(answer, "ready"))
        fail(NULL, "upgrade the daemon: %s", *answer ? answer : "the holder gave no answer");
    forget_connection(); c.answered = false; c.sock = dial_daemon(&c.started); send_request(); catch_signals(false);
}
static void handle_frame(unsigned type, struct in *in, const int *fds, unsigned n) {
    uint32_t id = type >= D_OPEN && type != D_ATTACH && type < D_UPGRADE ? get(in, 4) : 0; c.answered = true;
    switch (type) {
    case D_OUT: case D_ERR: put_out(&c.out[type == D_ERR], in->p, in->left); break;
    case D_OPEN: do_open(in, id); break;
    case D_PROMPT: do_prompt(in, id); break;
    case D_RUN: do_run(in, id); break;
    case D_ATTACH: do_attach(in, fds, n); break;
    case D_MKDIR: case D_RENAME: do_names(in, id, type == D_MKDIR); break;
    case D_BIND: do_bind(in, id, fds, n); break;
    case D_UPGRADE: break;
    case D_ELSE: c.to = get_str(in); break;
    case D_EXIT:
        c.exiting = true; c.code = (int)get(in, 4); c.drain_until = now_ms() + DRAIN_MS; c.at.reading = false; break;
    default: in->bad = true;
    }
    if (in->bad)
        fail("the client and the daemon may be of different builds: run kelp system restart",
             "read from the daemon: malformed frame of type %u", type);
}
/* Takes the whole frames out of the buffer. Descriptors come no later than the header they belong to. */
static void take_frames(void) {
    size_t at = 0; unsigned upgrade = 0; while (c.in.len - at >= HEADER && !c.exiting && !upgrade) {
        struct in in = { c.in.p + at, c.in.len - at, false }; unsigned len = 0, type = 0, n = 0, zero;
        (void)unpack(&in, "4112", &len, &type, &n, &zero);
        if (len > MAX_PAYLOAD || n > MAX_FRAME_FDS)
            fail(NULL, "read from the daemon: frame of type %u is too large", type);
        if (in.left < len) break;
        if (n > c.nfds) fail(NULL, "read from the daemon: descriptors are missing");
        in.left = len; handle_frame(type, &in, c.fds, n); upgrade = type >= D_UPGRADE ? type : 0; close_all(c.fds, n);
        memmove(c.fds, c.fds + n, (c.nfds -= n) * sizeof c.fds[0]); at += HEADER + len;
    }
    if (memmove(c.in.p, c.in.p + at, c.in.len -= at), upgrade) do_upgrade(upgrade == D_ELSE ? c.to : NULL);
}
static void ask_reason(void) {                        /* nobody is there to get signals until there is an answer */
    c.ask_at = INT64_MAX; c.holder = dial("holder.sock"); sigprocmask(SIG_SETMASK, &first_mask, NULL);
    if (c.holder >= 0) (void)!send(c.holder, "wait\n", 5, MSG_NOSIGNAL);
    else if (env("KELP_LISTENER")) fail(NULL, "wait for the daemon: it was stopped");   /* nobody accepts any more */
}
/* The holder answers all at once, so this does not wait when there is something to read */
static void read_reason(void) {
    char *text = read_all(c.holder, NULL); shut(&c.holder); if (*text && !starts(text, "ready"))
        fail(format("the log of the daemon is %s", in_run("daemon.log")), "start the daemon: %s", text);
}
static void read_daemon(void) {
    void *p = buf_room(&c.in, IO_CHUNK);
    ssize_t r = recv_fds(c.sock, p, c.in.cap - c.in.len, c.fds, MAX_QUEUED_FDS, &c.nfds, 0);
    if (r > 0) { if (!c.answered) catch_signals(false); c.in.len += (size_t)r; return take_frames(); }
    if (shut(&c.sock), c.at.detached) c.exiting = true;
    if (c.at.on) return;
    sigprocmask(SIG_SETMASK, &first_mask, NULL);      /* what follows may take long: signals end it */
    if (!c.answered && c.holder < 0) ask_reason();    /* it knows more when the daemon could not even start */
    if (c.holder >= 0) read_reason();
    fail(format("try again; the log of the daemon is %s", in_run("daemon.log")),
         "the daemon went away before it answered");
}
/* The stream ended while no daemon was there to tell the exit code: the next one knows it */
static void resume(void) {
    struct buf b = { 0 }; c.resume_until ? (void)poll(NULL, 0, 100) : (void)(c.resume_until = now_ms() + RESUME_MS);
    if (now_ms() > c.resume_until)
        fail(NULL, "learn the exit code: the daemon did not come back within %d s", RESUME_MS / 1000);
    forget_connection();
    sigprocmask(SIG_SETMASK, &first_mask, NULL);      /* nobody is there to get signals */
    c.sock = dial_daemon(&c.started); pack(&b, "s", c.at.token); send_frame(c.sock, C_RESUME, &b, NULL, 0); free(b.p);
}
/* What follows from the state as it is; true when all is done */
static bool settle(void) {
    struct attach *a = &c.at;
    bool flushed = !pending(&c.out[0]) && !pending(&c.out[1]), ended = a->on && a->read[0] < 0 && a->read[1] < 0;
    if (a->on && a->in.fd >= 0 && !a->reading && !pending(&a->in) && !c.exiting) end_input(a);
    if (ended && flushed && !a->ended_told) {
        a->ended_told = true; stop_streams(); tty_leave();
        if (c.sock >= 0 && !a->detached && !c.exiting) send_frame(c.sock, C_STREAM_END, NULL, NULL, 0);
    }
    if (c.exiting && flushed && (!a->on || ended || now_ms() >= c.drain_until)) return true;
    if (c.sock < 0 && ended && flushed && !c.exiting) resume();
    return false;
}
static struct pollfd watch(int fd, int events) { return (struct pollfd){ fd, (short)events, 0 }; }
static int until_ms(int64_t at) { int64_t n = at - now_ms(); return at == INT64_MAX ? -1 : n < 0 ? 0 : (int)n; }
static int client_loop(void) {
    enum { SIG, SOCK, HOLDER, STDIN, INPUT, OUT, READ = OUT + 2, N = READ + 2 }; struct attach *a = &c.at;
    for (; !settle(); scratch_free()) {
        struct pollfd p[N];
        bool busy = pending(&c.out[0]) || pending(&c.out[1]), asking = !c.exiting && !c.answered && c.sock >= 0;
        p[SIG] = watch(c.sig, POLLIN); p[SOCK] = watch(busy || c.exiting ? -1 : c.sock, POLLIN);
        p[HOLDER] = watch(c.holder, POLLIN); p[STDIN] = watch(a->reading && !pending(&a->in) ? 0 : -1, POLLIN);
        p[INPUT] = watch(a->on && pending(&a->in) ? a->in.fd : -1, POLLOUT);
        for (int i = 0; i < 2; i++) {
            p[OUT + i] = watch(pending(&c.out[i]) ? c.out[i].fd : -1, POLLOUT);
            p[READ + i] = watch(a->on && !busy ? a->read[i] : -1, POLLIN);
        }
        int r = poll(p, N, until_ms(c.exiting && !busy ? c.drain_until : asking ? c.ask_at : INT64_MAX));
        if (r == 0 && asking) ask_reason();
        if (r <= 0) continue;
        if (p[SIG].revents) take_signals();
        for (int i = 0; i < 2; i++) {
            if (p[OUT + i].revents) flush_stdout(&c.out[i]);
            if (p[READ + i].revents && a->read[i] >= 0) read_stream(a, i);
        }
        if (p[INPUT].revents && a->in.fd >= 0) write_input(a);
        if (p[STDIN].revents && a->reading) read_stdin(a);
        if (p[SOCK].revents && c.sock >= 0) read_daemon();
        if (p[HOLDER].revents && c.holder >= 0) read_reason(), catch_signals(c.at.flags & AT_SIGNALS);
    }
    tty_leave(); return c.lost_output && !c.code ? EXIT_KELP : c.code;
}
/* kelp system status|start|restart|stop, which must work when the daemon does not */
static int system_command(const char *what) {
    const char *ask = strcmp(what, "start") ? what : "wait"; bool status = strcmp(what, "status") == 0;
    char *answer = ask_holder(ask), *own = me.run, *other;
    if (!answer && !me.address && *(other = first_line(lock_path())) == '/')   /* its holder may have another */
        me.run = other, answer = ask_holder(ask), me.run = answer ? other : own;
    if (!answer && !status && strcmp(what, "stop")) answer = ask_engine("wait");
    if (status) return printf("%s", answer ? answer : "state: not running\n") < 0 || fflush(stdout) || !answer;
    if (!answer || starts(answer, "ready") || starts(answer, "stopped")) return 0;
    fail(NULL, "%s the daemon: %s", what, *answer ? answer : "the holder gave no answer");
}
/* The network that nsenter joins: none in the mode in which it is detached, else that of child_pid; -1 for none */
static int shared_network(void) {
    const char *dir = env("CONTAINERD_ROOTLESS_ROOTLESSKIT_STATE_DIR"), *run = format("/run/user/%u", me.uid);
    if (!dir) dir = format("%s/containerd-rootless", strcmp(me.run, format("%s/kelp", run)) ? me.run : run);
    setenv("ROOTLESSKIT_STATE_DIR", dir, 1), setenv("ROOTLESSKIT_PARENT_EUID", format("%u", me.uid), 1);
    setenv("ROOTLESSKIT_PARENT_EGID", format("%u", me.gid), 1);
    int pid = access(format("%s/netns", dir), F_OK) < 0 ? atoi(first_line(format("%s/child_pid", dir))) : 0;
    return pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
}
/* kelp unshare [COMMAND…], nsenter: it, or a shell, as root in the engine's user (EINVAL: ours) and mount namespace */
static int unshare_command(char **argv, bool nsenter) {
    char *cwd = getcwd(NULL, 0), *shell[] = { (char *)(env("SHELL") ? env("SHELL") : "/bin/sh"), NULL };
    int pid = 0; argv += *argv && strcmp(*argv, "--") == 0; argv = *argv ? argv : shell;
    sscanf(ask_engine("status"), "holder pid: %d", &pid);
    int holder = (int)syscall(SYS_pidfd_open, pid, 0), net = nsenter ? shared_network() : -1;
    if ((setns(holder, CLONE_NEWUSER | CLONE_NEWNS) < 0 && (errno != EINVAL || setns(holder, CLONE_NEWNS) < 0)) ||
        (net >= 0 && setns(net, CLONE_NEWNET) < 0) || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
        fail(NULL, "enter the namespaces of the engine: %s", errtext(errno));
    (void)!(cwd && chdir(cwd) == 0 ? 0 : chdir("/")); execvp(*argv, argv); int why = errno == ENOENT ? 127 : 126;
    dprintf(2, "kelp: error: execute %s: %s\n", *argv, errtext(errno)); return why;
}
static int client_main(int argc, char **argv) {
    sigprocmask(SIG_SETMASK, NULL, &first_mask); c.argv = argv; look_at_stdio(); find_paths();
    bool kelp = argc > 1 && !strcmp(base_name(argv[0]), "kelp"); char *two = argc == 3 ? argv[2] : "";
    if (kelp && !strcmp(argv[1], "system") && (!strcmp(two, "status") || !strcmp(two, "start") ||
                                               !strcmp(two, "restart") || !strcmp(two, "stop")))
        return system_command(two);
    if (kelp && !strcmp(argv[1], "unshare") && (argc == 2 || argv[2][0] != '-' || !strcmp(argv[2], "--")))
        return unshare_command(argv + 2, false);
    c.out[0].fd = 1, c.out[1].fd = 2; c.sock = dial_daemon(&c.started); send_request();
    c.ask_at = c.started ? 0 : now_ms() + QUIET_MS; signal(SIGPIPE, SIG_IGN); catch_signals(false);
    return client_loop();
}
/* ---- holder: state ------------------------------------------------------------------------------------------- */
enum state { STARTING, READY, RESTARTING, FAILED, STOPPING };
static const char *const state_names[] = { "starting", "ready", "restarting", "failed", "stopped" };
struct child { char *key; pid_t pid; unsigned flags, ended, told; int status; };
struct slot { char *name; int fd; };
struct conn { int fd, waits; size_t len; char *line; };
static struct {
    enum state state;
    int lock, listener, control, sig, channel, reply_fd; pid_t daemon; struct child *children; struct slot *store;
    struct conn conns[MAX_CONTROL];
    unsigned nchildren, nstore, nconns, restarts, nends, never_ready, files;   /* files: the limit children get back */
    int64_t start_at, kill_at, failed_at, first_end;                           /* 0: never */
    char *build, *reason; bool asked;     /* the daemon's end was asked for */
    struct buf reply;                     /* to the daemon, which does not read just now */
    unsigned list_at, listing;            /* next entry of the list it asked for */
} h = { .lock = -1, .listener = -1, .control = -1, .sig = -1, .channel = -1, .reply_fd = -1 };
/* A line of holder.log; the time is that of the clock of the machine, in seconds */
#define note(fmt, ...) \
    (void)(command.argv ? 0 : fprintf(stderr, "%lld " fmt "\n", (long long)time(NULL), ##__VA_ARGS__))
/* ---- holder: namespaces -------------------------------------------------------------------------------------- */
struct range { unsigned long start, count; };
/* The ranges of a user, by name or number, in /etc/subuid or /etc/subgid or, with a name service, from getsubids */
static unsigned find_ranges(bool group, const char *name, struct range *r) {
    char *rest = read_file(group ? "/etc/subgid" : "/etc/subuid", NULL), *number = format("%u", me.uid);
    char *argv[] = { "sh", "-c", format("getsubids %s \"$0\" 2>/dev/null", group ? "-g" : ""), (char *)name, NULL };
    struct buf b = { 0 }; unsigned n = 0;
    for (char *line; n < MAX_RANGES && command.ids != 'd' && (line = strsep(&rest, "\n"));) {
        char *who = strsep(&line, ":");
        if (line && (!strcmp(who, name) || (!strcmp(who, number) && me.uid)) &&
            sscanf(line, "%lu:%lu", &r[n].start, &r[n].count) == 2 && r[n].count) n++;
    }
    if (n || command.ids == 's' || run_program(argv, "", 0, &b) != 0) return n;
    put_mem(&b, "", 1); rest = (char *)b.p;
    for (char *line; n < MAX_RANGES && (line = strsep(&rest, "\n"));)
        if (sscanf(line, "%*u: %*s %lu %lu", &r[n].start, &r[n].count) == 2 && r[n].count) n++;
    return n;
}
/* The first id of the range that stands in for real root: he himself is never in the namespace */
static unsigned root_base(bool group) {
    struct range r[MAX_RANGES];
    for (int i = 0; i < 2; i++) for (unsigned n = find_ranges(group, i ? "root" : "kelp", r); n--;)
            if (r[n].count >= ROOT_COUNT) return (unsigned)r[n].start;
    return ROOT_RANGE;
}
/* Real root may write a map himself; everybody else has newuidmap and newgidmap do so */
static bool write_map(pid_t pid, bool group) {
    char *argv[3 * MAX_RANGES + 6] = { group ? "newgidmap" : "newuidmap", format("%d", pid), "0",
                                       format("%u", group ? me.gid : me.uid), "1" };
    struct range r[MAX_RANGES]; struct buf none = { 0 }; if (me.real_root)
        return write_file(format("/proc/%d/%cid_map", pid, group ? 'g' : 'u'),
                          format("0 %u %d\n", root_base(group), ROOT_COUNT));
    struct passwd *pw = getpwuid(me.uid); unsigned n = find_ranges(group, pw ? pw->pw_name : argv[3], r), at = 5;
    unsigned long inside = 1; for (unsigned i = 0; i < n; inside += r[i++].count) {
        argv[at++] = format("%lu", inside); argv[at++] = format("%lu", r[i].start);
        argv[at++] = format("%lu", r[i].count);
    }
    int status = n ? run_program(argv, "", 0, &none) : -1;
    return status <= 0 ? !status : (note("%s: exit code %d", argv[0], status), false);
}
static const char *userns_hint(int e) {
    if (*read_file(USERNS_LIMIT, NULL) == '1')
        return "AppArmor keeps user namespaces from programs without a profile: run kelp setup check";
    return e == ENOSPC ? "raise the sysctl user.max_user_namespaces" : e != EPERM ? "run kelp setup check" :
        "allow them: sysctl kernel.unprivileged_userns_clone=1; in a container, its seccomp profile may forbid them";
}
/* Root gives up being root: in the namespace it is 0, outside the first id of the range */
static void become_range_root(void) {
    if (me.real_root && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
        fail(NULL, "change to the ids of the range: %s", errtext(errno));
    prctl(PR_SET_DUMPABLE, 1);
}
static void write_single_maps(int done) {
    if (me.real_root)
        fail("the range in /etc/subuid and /etc/subgid must be free and within the ids of this machine",
             "write the id maps of the user namespace: the range was refused");
    note("ids: single: no subordinate ids, or newuidmap and newgidmap failed or are missing");
    if ((!(done & 1) && !write_file("/proc/self/uid_map", format("0 %u 1\n", me.uid))) ||
        !write_file("/proc/self/setgroups", "deny") || !write_file("/proc/self/gid_map", format("0 %u 1\n", me.gid)))
        fail(userns_hint(errno), "write the id maps of the user namespace: %s", errtext(errno));
}
/* A shell that stays outside the namespaces, for lxc-user-nic is root there alone. Its standard input and output, or 0
   where no word that begins so names that program. Real root's namespaces keep him from more than a network. */
static int outside_shell(char **words, const char *begin) {
    int pair[2]; while (*words && !(starts(*words, begin) && strstr(*words, "lxc-user-nic"))) words++;
    if (!*words || me.real_root || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) return 0;
    if (fork() == 0) {
        if (dup2(pair[0], 0) < 0 || dup2(pair[0], 1) < 0) _exit(127);
        syscall(NR_close_range, 3u, ~0u, RANGE_CLOEXEC); sigprocmask(SIG_SETMASK, &first_mask, NULL);
        execl("/bin/sh", "sh", NULL); _exit(127);
    }
    close(pair[0]); return pair[1];
}
/* Stays outside the namespaces, where newuidmap is root, and writes the maps (bit 0: users, bit 1: groups) */
_Noreturn static void stay_outside(int sock, pid_t inside) {
    unsigned char done = 0;
    if (recv(sock, &done, 1, 0) == 1 && (done = write_map(inside, false))) done = write_map(inside, true) ? 3 : 1;
    (void)!send(sock, &done, 1, MSG_NOSIGNAL); _exit(0);
}
/* NULL, or what went wrong, with errno set. The namespaces are those of flags and the user namespace. */
static const char *make_namespaces(int flags) {
    int go[2]; unsigned char done; pid_t self = getpid(), helper;
    if (me.real_root && setgroups(0, NULL) < 0) return "drop the groups of root";
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, go) < 0 || (helper = fork()) < 0) return "fork";
    if (helper == 0) { close(go[1]); stay_outside(go[0], self); }
    close(go[0]); if (unshare(CLONE_NEWUSER | flags) < 0) return "create a user namespace";
    if (send(go[1], "", 1, MSG_NOSIGNAL) != 1 || recv(go[1], &done, 1, 0) != 1) return "write the id maps";
    close(go[1]); return done == 3 ? NULL : (write_single_maps(done), NULL);
}
/* The root of a namespace with more ids than one stays in it: the next one could have fewer */
static bool adopt_namespace(int flags) {
    unsigned long n = 0, next; int found = sscanf(read_file("/proc/self/uid_map", NULL), " 0 %*u %lu %lu", &n, &next);
    return !me.real_root && me.uid == 0 && (found == 2 || n > 1) && unshare(flags) == 0;
}
static void holder_namespaces(void) {
    bool hybrid = access("/sys/fs/cgroup/cgroup.controllers", F_OK) < 0;
    int flags = CLONE_NEWNS | (hybrid ? CLONE_NEWCGROUP : 0);
    const char *what = adopt_namespace(flags) ? NULL : make_namespaces(flags);
    if (what) fail(userns_hint(errno), "%s: %s", what, errtext(errno));
    become_range_root(); if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
        fail(userns_hint(errno), "make the mounts slaves: %s", errtext(errno));
    if (hybrid && mount("cgroup2", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
        note("mount cgroup2 on /sys/fs/cgroup: %s", errtext(errno));
}
/* A monitor of an earlier holder: named conmon, and started with our run root in its arguments */
static bool is_monitor(long pid) {
    size_t n; char *args = read_file(format("/proc/%ld/cmdline", pid), &n);
    return strcmp(first_line(format("/proc/%ld/comm", pid)), "conmon") == 0 && memmem(args, n, me.run, strlen(me.run));
}
/* On a pure cgroup v2 host the monitor's cgroup namespace is the host's: joining it is refused and needless */
static bool join_namespaces(long pid) {
    int user = open(format("/proc/%ld/ns/user", pid), O_RDONLY | O_CLOEXEC);
    int mnt = open(format("/proc/%ld/ns/mnt", pid), O_RDONLY | O_CLOEXEC);
    int cgroup = open(format("/proc/%ld/ns/cgroup", pid), O_RDONLY | O_CLOEXEC);
    bool ok = user >= 0 && mnt >= 0 && is_monitor(pid) && (!me.real_root || setgroups(0, NULL) == 0) &&
              (setns(user, CLONE_NEWUSER) == 0 || errno == EINVAL);      /* it is ours already */
    note("join the namespaces of monitor %ld: %s", pid, ok ? "done" : errtext(errno)); if (ok) become_range_root();
    if (ok && setns(mnt, CLONE_NEWNS) < 0)
        fail(NULL, "join the mount namespace of monitor %ld: %s", pid, errtext(errno));
    if (ok && cgroup >= 0) (void)!setns(cgroup, CLONE_NEWCGROUP);
    shut(&user), shut(&mnt), shut(&cgroup); return ok;
}
static bool join_monitor(void) {
    glob_t g; if (glob(in_run("containers/*/conmon.pid"), 0, NULL, &g) != 0) return false;
    for (size_t i = 0; i < g.gl_pathc; i++) {
        long pid = strtol(first_line(g.gl_pathv[i]), NULL, 10);
        if (pid > 1 && is_monitor(pid) && join_namespaces(pid)) return true;
    }
    return false;
}
/* ---- holder: children ---------------------------------------------------------------------------------------- */
struct spawn {
    char **argv, **envp; const char *cwd; const int *fds; const uint32_t *targets; unsigned n, flags; int error;
};
/* Shares our memory (CLONE_VM), so an error is left in s. Descriptors go above every target first: they may overlap. */
static int spawn_child(void *arg) {
    struct spawn *s = arg; struct rlimit files; int moved[MAX_PACKET_FDS], null = open("/dev/null", O_RDWR | O_CLOEXEC);
    uint32_t top = 2; if (s->flags & SPAWN_WITH_HOLDER) prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (s->flags & SPAWN_SETSID) setsid();
    for (unsigned i = 0; i < s->n; i++) top = s->targets[i] > top ? s->targets[i] : top;
    if (top >= INT_MAX) { s->error = EINVAL; _exit(127); }
    for (unsigned i = 0; i < s->n; i++)
        if ((moved[i] = fcntl(s->fds[i], F_DUPFD_CLOEXEC, (int)top + 1)) < 0) goto bad;
    syscall(NR_close_range, 3u, ~0u, RANGE_CLOEXEC); for (int fd = 0; fd < 3; fd++) if (dup2(null, fd) < 0) goto bad;
    for (unsigned i = 0; i < s->n; i++) if (dup2(moved[i], (int)s->targets[i]) < 0) goto bad;
    if (*s->cwd && chdir(s->cwd) < 0) goto bad;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) { files.rlim_cur = h.files; setrlimit(RLIMIT_NOFILE, &files); }
    signal(SIGPIPE, SIG_DFL); sigprocmask(SIG_SETMASK, &first_mask, NULL); execve(s->argv[0], s->argv, s->envp);
bad:
    s->error = errno; _exit(127);
}
/* In systemd's socket activation (sd_listen_fds(3)) LISTEN_PID=0 stands for the command's pid until it is known */
static void execute_command(char **argv) {
    const char *pid = env("LISTEN_PID");
    if (pid && strcmp(pid, "0") == 0) setenv("LISTEN_PID", format("%d", getpid()), 1);
    sigprocmask(SIG_SETMASK, &first_mask, NULL); execvp(argv[0], argv);
}
/* As spawn_child(), for a launcher's command: it joins the namespaces that the descriptors are and keeps our stdio */
static int command_child(void *arg) {
    struct spawn *s = arg; prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (unsigned i = 0; i < s->n; i++) if (setns(s->fds[i], 0) < 0) { s->error = errno; _exit(127); }
    if (chdir(s->cwd) < 0 && chdir("/") < 0) { s->error = errno; _exit(127); }
    syscall(NR_close_range, 3u, ~0u, RANGE_CLOEXEC);
    for (unsigned i = 0; i < command.kept; i++) fcntl(3 + (int)i, F_SETFD, 0);
    if (!(s->flags & SPAWN_PIDNS)) execute_command(s->argv);
    else if (mount("proc", "/proc", "proc", 0, NULL) == 0 || mount("proc", "/proc", "proc", MS_RDONLY, NULL) == 0)
        execv("/proc/self/exe", s->argv);
    s->error = errno; _exit(127);
}
static pid_t spawn(struct spawn *s, int *pidfd) {
    static char stack[64 << 10] __attribute__((aligned(64)));
    int flags = CLONE_VM | CLONE_VFORK | CLONE_WITH_PIDFD | SIGCHLD | (s->flags & SPAWN_PIDNS ? CLONE_NEWPID : 0);
    int (*child)(void *) = s->flags & SPAWN_COMMAND ? command_child : spawn_child;
    pid_t pid = clone(child, stack + sizeof stack, flags, s, pidfd);
    if (pid < 0 || !s->error) return pid < 0 ? -errno : pid;
    shut(pidfd); while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
    return -s->error;
}
static char *java_path(void) {
    char *path = in_root("java/bin/java"); const char *home = first_line(in_root("lib/java.home"));
    if (access(path, X_OK) == 0) return path;
    if (!*home) home = env("KELP_JAVA_HOME") ? env("KELP_JAVA_HOME") : env("JAVA_HOME");
    return format("%s/bin/java", home ? home : "/usr");
}
/* java -cp JARS [-XX:AOTCache=…], then the lines of NAME.options, the main class among them, then arguments */
static char **java_argv(const char *name, char **arguments, unsigned narguments) {
    char **v = scratch((MAX_OPTIONS + narguments) * sizeof *v), *jars = "", *at; unsigned n = 3; glob_t g;
    char *rest = read_file(in_root(format("lib/%s.options", name)), NULL), *aot = in_root(format("lib/%s.aot", name));
    if (glob(in_root("lib/*.jar"), 0, NULL, &g) == 0) {
        for (size_t i = 0; i < g.gl_pathc; i++) jars = format("%s%s%s", jars, i ? ":" : "", g.gl_pathv[i]);
        globfree(&g);
    }
    v[0] = java_path(), v[1] = "-cp", v[2] = jars;
    if (access(aot, R_OK) == 0) v[n++] = format("-XX:AOTCache=%s", aot);
    for (char *line; n < MAX_OPTIONS - 1 && (line = strsep(&rest, "\n"));) {
        while ((at = strstr(line, "@ROOT@")) && !strstr(me.root, "@ROOT@"))
            line = format("%.*s%s%s", (int)(at - line), line, me.root, at + 6);
        if (*line && *line != '#') v[n++] = line;
    }
    memcpy(v + n, narguments ? arguments : v, narguments * sizeof *v); return v;
}
/* The lines of an id map, joined by commas */
static char *id_map(const char *path) {
    char *rest = read_file(path, NULL), *all = ""; unsigned long a, b, n;
    for (char *line; (line = strsep(&rest, "\n"));) if (sscanf(line, "%lu %lu %lu", &a, &b, &n) == 3)
            all = format("%s%s%lu %lu %lu", all, *all ? "," : "", a, b, n);
    return all;
}
static void set_environment(void) {
    char *uids = id_map("/proc/self/uid_map"), *gids = id_map("/proc/self/gid_map");
    unsigned uid = me.uid, gid = me.gid; if (!me.real_root) sscanf(uids, "0 %u", &uid), sscanf(gids, "0 %u", &gid);
    setenv("KELP_ROOT", me.root, 1); setenv("KELP_HOST_UID", format("%u", uid), 1);
    setenv("KELP_HOST_GID", format("%u", gid), 1); setenv("KELP_IDS", uids, 1); setenv("KELP_GIDS", gids, 1);
}
static int open_log(const char *name) {
    struct stat st; int fd = open(in_run(name), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > MAX_LOG) (void)!ftruncate(fd, 0);
    return fd;
}
/* ---- holder: the daemon's life ------------------------------------------------------------------------------- */
static void answer(struct conn *k, const char *text) {
    (void)!send(k->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
    shut(&k->fd);                                     /* swept by the loop */
}
static void answer_waiting(const char *text) {
    for (unsigned i = 0; i < h.nconns; i++) if (h.conns[i].fd >= 0 && h.conns[i].waits) answer(&h.conns[i], text);
}
/* Lest the next daemon runs commands of clients that are gone, and their standard output stays open in the backlog */
static void drop_requests(void) {
    struct pollfd p = { h.listener, POLLIN, 0 };
    for (int fd; poll(&p, 1, 0) > 0 && (fd = accept4(h.listener, NULL, NULL, SOCK_CLOEXEC)) >= 0;) close(fd);
}
/* Gives up until somebody asks */
static void daemon_failed(const char *reason) {
    free(h.reason); h.reason = need(strdup(reason)); h.state = FAILED; h.failed_at = now_ms();
    note("daemon failed: %s", reason); answer_waiting(reason); drop_requests();
}
static void start_daemon(void) {
    static const uint32_t targets[] = { 1, 2, 3, 4 };
    int pair[2] = { -1, -1 }, log = open_log("daemon.log"), pidfd = -1;
    int e = log < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ? errno : 0;
    int fds[] = { log, log, pair[1], h.listener };
    struct spawn s = { java_argv("daemon", NULL, 0), environ, "/", fds, targets, 4, SPAWN_WITH_HOLDER, 0 };
    fcntl(h.listener, F_SETFL, 0);                    /* whatever the last daemon made of it */
    pid_t pid = e ? -e : spawn(&s, &pidfd); shut(&log), shut(&pair[1]), shut(&pidfd); free(h.build);
    h.build = need(strdup(first_line(in_root("build-id")))); h.start_at = h.kill_at = 0;
    if (pid < 0) {
        shut(&pair[0]); daemon_failed(format("execute %s: %s\n", s.argv[0], errtext(-pid)));
    } else { h.daemon = pid; h.channel = pair[0]; h.state = STARTING; h.asked = false; note("daemon %d started", pid); }
}
static const char *last_lines(int status) {
    char text[2048] = "", *from = text; int fd = open(in_run("daemon.log"), O_RDONLY | O_CLOEXEC), lines = 0;
    off_t size = lseek(fd, 0, SEEK_END);
    if (fd >= 0) (void)!pread(fd, text, sizeof text - 1, size < (off_t)sizeof text ? 0 : size - (off_t)sizeof text + 1);
    shut(&fd); for (from += strlen(text); from > text && lines < 6; from--) lines += from[-1] == '\n';
    bool killed = WIFSIGNALED(status);
    return format("the daemon ended by %s %d%s%s", killed ? "signal" : "exit code",
                  killed ? WTERMSIG(status) : WEXITSTATUS(status), *from == '\n' ? "" : "\n", from);
}
static void stop_daemon(void) { h.asked = true; h.kill_at = now_ms() + STOP_MS; kill(h.daemon, SIGTERM); }
_Noreturn static void holder_end(void) { answer_waiting("stopped\n"); note("holder ends"); exit(0); }
/* New clients must find no socket, so that they wait for the lock instead of being cut off with this holder */
static void stop_holder(void) {
    if (h.state == STOPPING) return; else h.state = STOPPING, h.start_at = 0;
    if (!env("KELP_LISTENER")) unlink(in_run("kelp.sock"));
    unlink(in_run("holder.sock")), unlink(in_run("holder.pid")); h.daemon > 0 ? stop_daemon() : holder_end();
}
static void restart_daemon(void) {
    if (h.state == STOPPING) return;
    h.state = RESTARTING; h.never_ready = h.nends = 0; h.daemon > 0 ? stop_daemon() : start_daemon();
}
/* Milliseconds until the next start, -1 when there were too many ends lately */
static int64_t backoff(void) {
    if (now_ms() - h.first_end > FAILURES_MS) h.first_end = now_ms(), h.nends = 0;
    if (++h.nends > FAILURES_MAX) return -1;
    int64_t delay = h.nends < 2 ? 0 : (int64_t)BACKOFF_MS << (h.nends - 2);
    return delay < BACKOFF_MAX_MS ? delay : BACKOFF_MAX_MS;
}
static void forget_child(unsigned i) {
    free(h.children[i].key); memmove(&h.children[i], &h.children[i + 1], (--h.nchildren - i) * sizeof *h.children);
}
static void daemon_ended(int status) {
    note("daemon %d ended, status %#x", h.daemon, (unsigned)status); h.daemon = 0; h.kill_at = 0; h.reply.len = 0;
    h.listing = false; shut(&h.channel), shut(&h.reply_fd);
    for (unsigned i = h.nchildren; i-- > 0;)          /* the ends of its own concern no other */
        if (h.children[i].told = false, h.children[i].flags & SPAWN_WITH_DAEMON) {
            if (!h.children[i].ended) kill(h.children[i].pid, SIGKILL);
            forget_child(i);
        }
    if (h.state == STOPPING) holder_end();
    if (h.restarts++, h.asked) return start_daemon();
    h.never_ready = h.state == READY ? 0 : h.never_ready + 1; int64_t delay = backoff();
    if (delay < 0 || h.never_ready >= NEVER_READY_MAX) return daemon_failed(last_lines(status));
    h.state = RESTARTING; h.start_at = now_ms() + delay;
}
/* Its code is the launcher's, unless it was killed and the command goes on without it */
static void java_ended(int status) {
    h.daemon = 0; shut(&h.channel);
    if (!command.pid || command.ended) exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    dprintf(2, "[rootlesskit:parent] warning: the process that serves the API and the ports was killed\n");
}
static void reap(void) {
    int status; for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid == command.pid) command.ended = true, command.status = status;
        if (pid == h.daemon) command.argv ? java_ended(status) : daemon_ended(status);
        for (unsigned i = 0; i < h.nchildren; i++) {
            if (h.children[i].pid != pid || h.children[i].ended) continue;
            h.children[i].ended = true; h.children[i].status = status;
        }
    }
}
/* ---- holder: the daemon's channel ---------------------------------------------------------------------------- */
/* False when the daemon's buffer is full; another error means that it is about to end */
static bool tell(struct buf *b, int fd) {
    ssize_t n = send_fds(h.channel, &(struct iovec){ b->p, b->len }, 1, &fd, fd >= 0, MSG_DONTWAIT);
    return (n >= 0 || errno != EAGAIN) && (b->len = 0, true);
}
/* Sends what there is to send; true when the daemon took all of it */
static bool tell_all(void) {
    static struct buf b; if (h.channel < 0) return true;
    if (h.reply.len && !tell(&h.reply, h.reply_fd)) return false;
    shut(&h.reply_fd);
    while (h.listing) {
        bool more = h.list_at < h.nstore; b.len = 0;
        more ? pack(&b, "1s", 'F', h.store[h.list_at].name) : pack(&b, "1", 'E');
        if (!tell(&b, more ? h.store[h.list_at++].fd : -1)) return h.list_at -= more, false;
        h.listing = more;
    }
    for (struct child *k = h.children; h.state == READY && k < h.children + h.nchildren; k++) {
        if (!k->ended || k->told) continue;
        b.len = 0; pack(&b, "1s44", 'W', k->key, (unsigned)k->pid, (unsigned)k->status);
        if (!(k->told = tell(&b, -1))) return false;
    }
    return true;
}
static void add_child(struct child k) {
    unsigned kept = 0, oldest = 0;
    for (unsigned i = h.nchildren; i-- > 0;) if (h.children[i].ended) oldest = i, kept++;
    if (kept >= MAX_KEPT_EXITS) forget_child(oldest);
    h.children = need(realloc(h.children, (h.nchildren + 1) * sizeof k)); h.children[h.nchildren++] = k;
}
static void drop(const char *name) {
    for (unsigned i = h.nstore; i-- > 0;) {
        if (strcmp(h.store[i].name, name) != 0) continue;
        free(h.store[i].name); close(h.store[i].fd);
        memmove(&h.store[i], &h.store[i + 1], (--h.nstore - i) * sizeof *h.store);
    }
}
static void keep(const char *name, int fd) {
    drop(name);
    if (h.nstore >= MAX_STORED) return note("store a descriptor: there are %d already", MAX_STORED), (void)close(fd);
    h.store = need(realloc(h.store, (h.nstore + 1) * sizeof *h.store));
    h.store[h.nstore++] = (struct slot){ need(strdup(name)), fd };
}
static void spawn_for(unsigned id, struct spawn *s, const char *key) {
    int pidfd = -1; pid_t pid = spawn(s, &pidfd); pack(&h.reply, "144", 'P', id, (unsigned)pid); h.reply_fd = pidfd;
    if (pid > 0) add_child((struct child){ .key = need(strdup(key)), .pid = pid, .flags = s->flags });
    if (pid > 0 && s->flags & SPAWN_COMMAND) command.pid = pid;
}
static void handle_spawn(struct in *in, const int *fds, unsigned nfds) {
    struct spawn s = { .fds = fds }; unsigned id, targets[MAX_PACKET_FDS]; char *key, *cwd;
    (void)unpack(in, "4s1vv4", &id, &key, &s.flags, &s.argv, &s.envp, &s.n);
    for (unsigned i = 0; i < s.n && i < MAX_PACKET_FDS; i++) targets[i] = get(in, 4);
    if (!unpack(in, "s", &cwd) || s.n != nfds || !s.argv[0] || s.argv[0][0] != '/') { in->bad = true; return; }
    s.targets = targets; s.cwd = cwd; s.flags &= ~(unsigned)SPAWN_COMMAND; spawn_for(id, &s, key);
}
/* What the launcher runs: our own words from the first one on, with variables (name, value, …) added */
static void handle_command(struct in *in, const int *fds, unsigned nfds) {
    unsigned id, first; char **add, *cwd = getcwd(NULL, 0);
    struct spawn s = { .fds = fds, .n = nfds, .cwd = cwd ? cwd : "/" };
    if (!unpack(in, "414v", &id, &s.flags, &first, &add) || first >= command.argc || command.pid)
        return (void)(in->bad = true);
    for (; add[0] && add[1]; add += 2) setenv(add[0], add[1], 1);
    s.argv = scratch((command.argc + 3) * sizeof *s.argv); uint64_t mask; memcpy(&mask, &first_mask, sizeof mask);
    s.argv[0] = "kelp-init"; s.argv[1] = format("%c%lx", s.flags & SPAWN_REAPER ? 'r' : '-', (unsigned long)mask);
    memcpy(s.argv + 2, command.argv + first, (command.argc - first) * sizeof *s.argv);
    if (!(s.flags & SPAWN_PIDNS)) s.argv += 2;
    s.flags |= SPAWN_COMMAND; spawn_for(id, &s, "command"); free(cwd);
}
static void handle_packet(struct in *in, int *fds, unsigned *nfds) {
    unsigned type = get(in, 1); char *name = strchr("SDA", (int)type) && type ? get_str(in) : "";
    if (!in->bad) switch (type) {
    case 'R':
        if (h.state == STARTING) h.state = READY, answer_waiting("ready\n");
        break;
    case 'S': *nfds == 1 ? keep(name, fds[--*nfds]) : (void)(in->bad = true); break;
    case 'D': drop(name); break;
    case 'A':
        for (unsigned i = h.nchildren; i-- > 0;)      /* be it that its end is not known here yet */
            if (strcmp(h.children[i].key, name) == 0) forget_child(i);
        break;
    case 'L': h.list_at = 0, h.listing = true; break;
    case 'X': handle_spawn(in, fds, *nfds); break;
    case 'C': handle_command(in, fds, *nfds); break;
    case 'Q': stop_holder(); break;
    default: in->bad = true;
    }
}
static void read_channel(void) {
    static unsigned char p[MAX_PACKET]; int fds[MAX_PACKET_FDS]; unsigned n = 0;
    ssize_t r = recv_fds(h.channel, p, sizeof p, fds, MAX_PACKET_FDS, &n, MSG_DONTWAIT);
    struct in in = { p, r > 0 ? (size_t)r : 0, r <= 0 }; if (r < 0 && errno == EAGAIN) return;
    if (r > 0) handle_packet(&in, fds, &n);
    if (close_all(fds, n), !in.bad) return;
    if (r != 0) note("daemon sent a malformed message of type %d: it is ended", r > 0 ? p[0] : 0);
    shut(&h.channel);                                 /* what follows is the daemon's end, by itself or not */
    if (r != 0 || !h.kill_at) h.kill_at = now_ms() + (r != 0 ? 0 : STOP_MS);
}
/* ---- holder: re-execution in place --------------------------------------------------------------------------- */
#define STATE_MAGIC 0x32504c4bu               /* changes with the format; another one is refused */
struct io { bool writing; struct buf out; struct in in; };
static void io_number(struct io *io, void *p) {
    uint32_t v; memcpy(&v, p, sizeof v); if (io->writing) put(&io->out, v, 4);
    else memcpy(p, &(uint32_t){ get(&io->in, 4) }, sizeof v);
}
static void io_string(struct io *io, char **s) {
    io->writing ? put_str(&io->out, *s) : (void)(*s = need(strdup(get_str(&io->in))));
}
/* Writes or reads, field by field, what outlives the program */
static void exchange_state(struct io *io) {
    uint32_t magic = STATE_MAGIC;
    void *numbers[] = { &magic, &me.uid, &me.gid, &me.real_root, &h.lock, &h.listener, &h.control, &h.channel,
                        &h.daemon, &h.restarts, &h.files, &h.nchildren, &h.nstore, &h.nconns };
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) io_number(io, numbers[i]);
    io_string(io, &me.data); io_string(io, &me.run);
    if (!io->writing && (magic != STATE_MAGIC || h.nstore > MAX_STORED || h.nconns > MAX_CONTROL ||
                         h.nchildren > io->in.left || io->in.bad))
        fail(NULL, "read the state of the holder: malformed");
    h.children = need(realloc(h.children, (h.nchildren + 1) * sizeof *h.children));
    h.store = need(realloc(h.store, (h.nstore + 1) * sizeof *h.store));
    for (unsigned i = 0; i < h.nchildren; i++) {
        struct child *k = &h.children[i]; void *fields[] = { &k->pid, &k->flags, &k->ended, &k->status };
        io_string(io, &k->key); for (int f = 0; f < 4; f++) io_number(io, fields[f]);
        k->told = false;
    }
    for (unsigned i = 0; i < h.nstore; i++) { io_string(io, &h.store[i].name); io_number(io, &h.store[i].fd); }
    for (unsigned i = 0; i < h.nconns; i++) { io_number(io, &h.conns[i].fd); io_number(io, &h.conns[i].waits); }
}
/* Everything that is kept crosses the execution, and nothing else ever has its flag cleared */
static void cross_exec(int flags) {
    int one[] = { h.lock, h.listener, h.control, h.channel };
    for (unsigned i = 0; i < 4; i++) fcntl(one[i], F_SETFD, flags);
    for (unsigned i = 0; i < h.nstore; i++) fcntl(h.store[i].fd, F_SETFD, flags);
    for (unsigned i = 0; i < h.nconns; i++) fcntl(h.conns[i].fd, F_SETFD, flags);
}
static void sweep_conns(void) {
    unsigned kept = 0; for (unsigned i = 0; i < h.nconns; i++)
        h.conns[i].fd < 0 ? free(h.conns[i].line) : (void)(h.conns[kept++] = h.conns[i]);
    h.nconns = kept;
}
/* Returns only when the new program could not be executed, with errno set */
static void execute_anew(const char *root) {
    int fd = memfd_create("kelp-state", 0);
    char *argv[] = { "kelp-holder", "--holder", "resume", format("%d", fd), "-", NULL };
    struct io io = { .writing = true }; exchange_state(&io);
    if (fd >= 0 && write_all(fd, io.out.p, io.out.len)) {
        cross_exec(0); execv(format("%s/bin/kelp", root), argv); int e = errno; cross_exec(FD_CLOEXEC); errno = e;
    }
    shut(&fd); free(io.out.p);
}
/* ---- holder: control socket ---------------------------------------------------------------------------------- */
static void answer_status(struct conn *k) {
    unsigned long n, most = 0; char *rest = read_file("/proc/self/uid_map", NULL);
    for (char *line; (line = strsep(&rest, "\n"));) if (sscanf(line, "%*u %*u %lu", &n) == 1 && n > most) most = n;
    answer(k, format("holder pid: %d\ndaemon pid: %d\nstate: %s\nrestarts: %u\nbuild id: %s\nroot: %s\nids: %s\n"
                     "descriptors: %u\nchildren: %u\nrun root: %s\ndata root: %s\n", getpid(), h.daemon,
                     state_names[h.state], h.restarts, h.build ? h.build : "", me.root,
                     most > 1 ? format("%lu", most) : "single", h.nstore, h.nchildren, me.run, me.data));
}
/* Somebody asks after a failure: one new try, unless it was just now */
static void try_again(void) {
    if (now_ms() - h.failed_at < FRESH_FAILURE_MS) return drop_requests();
    h.never_ready = NEVER_READY_MAX - 1; h.nends = 0; start_daemon();
}
static void handle_wait(struct conn *k) {
    if (h.state == READY) return answer(k, "ready\n");
    if (h.state == STOPPING) return answer(k, "the holder is stopping\n");
    if (h.state == FAILED && now_ms() - h.failed_at < FRESH_FAILURE_MS) return answer(k, h.reason);
    if (k->waits = true, h.state == FAILED) try_again();
}
/* Several clients of a new build may ask at once: only the first makes a change */
static void handle_upgrade(struct conn *k, const char *root) {
    const char *id = first_line(format("%s/build-id", root));
    if (!strcmp(root, me.root) && h.state != FAILED && h.build && !strcmp(id, h.build)) return handle_wait(k);
    k->waits = true; execute_anew(root); char *text = format("execute %s/bin/kelp: %s\n", root, errtext(errno));
    note("%s", text); answer(k, text);
}
static void read_conn(struct conn *k) {
    ssize_t r = recv(k->fd, k->line + k->len, PATH_MAX - 1 - k->len, MSG_DONTWAIT);
    if (r < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (r <= 0 || k->waits) return shut(&k->fd);
    k->line[k->len += (size_t)r] = 0; char *line = k->line, *end = strchr(line, '\n');
    if (!end) return k->len < PATH_MAX - 1 ? (void)0 : shut(&k->fd);
    if (*end = 0, strcmp(line, "status") == 0) return answer_status(k);
    if (strcmp(line, "wait") == 0) return handle_wait(k);
    if (starts(line, "upgrade /")) return handle_upgrade(k, line + 8);
    if (k->waits = true, strcmp(line, "restart") == 0) return restart_daemon();
    if (strcmp(line, "stop") == 0) return stop_holder();
    answer(k, "unknown request\n");
}
/* The folder keeps others out already. Host root has no id in the namespace of his range: he is the overflow id. */
static void accept_conn(void) {
    struct ucred peer; int fd = accept4(h.control, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0 && h.nconns < MAX_CONTROL &&
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &(socklen_t){ sizeof peer }) == 0 &&
        (peer.uid == geteuid() || (me.real_root && peer.uid == 65534)))
        h.conns[h.nconns++] = (struct conn){ fd, false, 0, need(malloc(PATH_MAX)) };
    else shut(&fd);
}
/* ---- holder: start and loop ---------------------------------------------------------------------------------- */
static int listen_at(const char *name, int flags) {
    struct sockaddr_un a = sock_addr(name); int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    unlink(a.sun_path); mode_t mask = umask(0177);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, SOMAXCONN) < 0)
        fail(NULL, "listen on %s: %s", a.sun_path, errtext(errno));
    umask(mask); return fd;
}
static void holder_process(void) {
    struct rlimit files = { 1024, 1024 }; sigset_t set; prctl(PR_SET_NAME, "kelp-holder"); prctl(PR_SET_DUMPABLE, 1);
    prctl(PR_SET_CHILD_SUBREAPER, 1); umask(022);
    for (int i = 1; i < 32; i++) signal(i, i == SIGPIPE ? SIG_IGN : SIG_DFL);
    sigemptyset(&set); sigaddset(&set, SIGCHLD); sigaddset(&set, SIGTERM); sigprocmask(SIG_BLOCK, &set, NULL);
    h.sig = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK); getrlimit(RLIMIT_NOFILE, &files);
    if (!h.files) h.files = (unsigned)files.rlim_cur;
    files.rlim_cur = files.rlim_max; setrlimit(RLIMIT_NOFILE, &files); setvbuf(stderr, NULL, _IOLBF, 0);
    (void)!chdir("/");
}
_Noreturn static void holder_loop(void) {
    enum { SIG, CONTROL, CHANNEL, LISTENER, CONNS }; static struct pollfd p[CONNS + MAX_CONTROL];
    struct signalfd_siginfo s; for (;; scratch_free(), sweep_conns()) {
        bool told = tell_all(); unsigned n = h.nconns;
        int64_t at = h.start_at && (!h.kill_at || h.start_at < h.kill_at) ? h.start_at : h.kill_at;
        p[SIG] = watch(h.sig, POLLIN); p[CONTROL] = watch(h.control, POLLIN);
        p[CHANNEL] = watch(h.channel, told ? POLLIN : POLLOUT);
        p[LISTENER] = watch(h.state == FAILED ? h.listener : -1, POLLIN);
        for (unsigned i = 0; i < n; i++) p[CONNS + i] = watch(h.conns[i].fd, POLLIN);
        if (poll(p, CONNS + n, until_ms(at ? at : INT64_MAX)) < 0 && errno != EINTR)
            fail(NULL, "poll: %s", errtext(errno));
        if (p[CHANNEL].revents && h.channel >= 0 && told) read_channel();
        for (; read(h.sig, &s, sizeof s) == sizeof s; reap()) if (s.ssi_signo == SIGTERM) stop_holder();
        for (unsigned i = 0; i < n; i++) if (p[CONNS + i].revents && h.conns[i].fd >= 0) read_conn(&h.conns[i]);
        if (p[LISTENER].revents && h.state == FAILED) try_again();
        if (p[CONTROL].revents) accept_conn();
        if (h.start_at && now_ms() >= h.start_at) start_daemon();
        if (!h.kill_at || now_ms() < h.kill_at) continue;
        if (h.kill_at = 0, h.daemon > 0) kill(h.daemon, SIGKILL);
    }
}
/* What root made for the holder belongs to the id it is going to be; so does a cgroup, to make others below */
static void give_to_range(void) {
    uid_t u = root_base(false); gid_t g = root_base(true); struct buf none = { 0 };
    char *argv[] = { "sh", in_root("lib/cgroup.sh"), format("%d", getpid()), format("%u:%u", u, g), NULL };
    if (run_program(argv, "", 0, &none) != 0) note("there is no cgroup for containers");
    if (chown(me.data, u, g) < 0 || chown(me.run, u, g) < 0 || fchown(h.lock, u, g) < 0 || fchown(2, u, g) < 0)
        fail(NULL, "give %s and %s to uid %u: %s", me.data, me.run, u, errtext(errno));
}
_Noreturn static void holder_start(int lock, int to_client) {
    syscall(NR_close_range, 3u, ~0u, RANGE_CLOEXEC); h.lock = lock; fail_to = fdopen(to_client, "w"); find_paths();
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), log = open_log("holder.log");
    if (log < 0) fail(NULL, "open %s: %s", in_run("holder.log"), errtext(errno));
    dup2(null, 0), dup2(log, 1), dup2(log, 2); shut(&null), shut(&log); holder_process();
    if (me.real_root) give_to_range();
    int outside = outside_shell(environ, "CONTAINERD_ROOTLESS_ROOTLESSKIT_"); if (outside) keep("outside", outside);
    if (!join_monitor()) holder_namespaces();
    if ((unlink(in_run("data")) < 0 && errno != ENOENT) || symlink(me.data, in_run("data")) < 0)
        fail(NULL, "make the link %s: %s", in_run("data"), errtext(errno));
    h.listener = env("KELP_LISTENER") ? 3 : listen_at("kelp.sock", 0);   /* 3: the socket is a service manager's */
    unlink(in_run("environment")); h.control = listen_at("holder.sock", SOCK_NONBLOCK);   /* ours is newer */
    int pid = open(in_run("holder.pid"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    int n = dprintf(lock, "%s\n", me.run);            /* over the old one, which takes no space on a full disk */
    if (dprintf(pid, "%d\n", getpid()) < 0 || n < 0 || ftruncate(lock, n) < 0)
        fail(NULL, "write holder.pid and %s: %s", lock_path(), errtext(errno));
    shut(&pid); note("holder %d started: data %s, run %s", getpid(), me.data, me.run);
    fclose(fail_to), fail_to = NULL;                  /* the client goes on */
    env("KELP_BUILD") ? execute_anew(env("KELP_BUILD")) : (void)0; set_environment(); start_daemon(); holder_loop();
}
/* In the new program after `upgrade`: the same process, children and descriptors; the daemon is replaced */
_Noreturn static void holder_resume(int fd) {
    struct stat st = { 0 }; if (fstat(fd, &st) < 0) exit(EXIT_KELP);
    unsigned char *p = need(malloc((size_t)st.st_size + 1)); ssize_t n = pread(fd, p, (size_t)st.st_size, 0);
    struct io io = { .in = { p, n > 0 ? (size_t)n : 0, n < 0 } }; find_root(); exchange_state(&io); close(fd); free(p);
    cross_exec(FD_CLOEXEC); for (unsigned i = 0; i < h.nconns; i++) h.conns[i].line = need(malloc(PATH_MAX));
    holder_process(); set_environment(); note("holder %d goes on as %s", getpid(), me.root); restart_daemon(); reap();
    holder_loop();
}
/* ---- launcher ------------------------------------------------------------------------------------------------ */
/* Every signal but those of job control, by a signalfd or sigwaitinfo(2) */
static sigset_t block_signals(void) {
    sigset_t set; sigfillset(&set); sigdelset(&set, SIGTSTP), sigdelset(&set, SIGTTIN), sigdelset(&set, SIGTTOU);
    sigdelset(&set, SIGSEGV), sigdelset(&set, SIGBUS); sigprocmask(SIG_BLOCK, &set, &first_mask); return set;
}
/* What the terminal sends, it sends to the whole foreground job */
static void pass_on(pid_t pid, int sig, int code) {
    if (code != SI_KERNEL && sig != SIGPIPE && sig != SIGURG && pid > 0) kill(pid, sig);
}
/* Process 1 of a new PID namespace: argv is r, when it reaps, and the command's signal mask; then the command */
_Noreturn static void init_main(char **argv) {
    sigset_t set = block_signals(); siginfo_t i; int status; bool reaps = *argv[0] == 'r';
    uint64_t mask = strtoull(*argv++ + 1, NULL, 16); memcpy(&first_mask, &mask, sizeof mask); pid_t pid = fork();
    if (pid == 0) execute_command(argv), dprintf(2, "[rootlesskit:child ] error: %s: %m\n", argv[0]), _exit(1);
    for (;;) {
        if (sigwaitinfo(&set, &i) != SIGCHLD) pass_on(pid, i.si_signo, i.si_code);
        for (pid_t p; (p = waitpid(reaps ? -1 : pid, &status, WNOHANG)) > 0;)
            if (p == pid && WIFEXITED(status)) _exit(WEXITSTATUS(status));
            else if (p == pid) dprintf(2, "[rootlesskit:child ] error: %s\n", errtext(-WTERMSIG(status))), _exit(255);
    }
}
static void launcher_start(int argc, char **argv) {
    const char *pid = env("LISTEN_PID"), *n = env("LISTEN_FDS"), *what; struct rlimit files = { 1024, 1024 };
    for (int i = 1; i < argc && !command.ids; i++) if (starts(argv[i], "--subid-source"))
            command.ids = argv[i][14] == '=' ? argv[i][15] : i + 1 < argc && !argv[i][14] ? *argv[i + 1] : 0;
    command.argv = argv; command.argc = (unsigned)argc; look_at_stdio(); prctl(PR_SET_DUMPABLE, 1);
    if (pid && n && atoi(pid) == getpid() && (command.kept = (unsigned)atoi(n))) setenv("LISTEN_PID", "0", 1);
    sigset_t set = block_signals(); h.sig = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    command.outside = outside_shell(argv, ""); getrlimit(RLIMIT_NOFILE, &files); h.files = (unsigned)files.rlim_cur;
    what = make_namespaces(0);
    if (what) setenv("KELP_LAUNCH_ERROR", format("%d %s: %s", errno, what, errtext(errno)), 1);
}
_Noreturn static void launcher_main(int argc, char **argv) {
    static const uint32_t targets[] = { 1, 2, 3, 4 }; int pair[2] = { -1, -1 }, pidfd = -1; launcher_start(argc, argv);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) fail(NULL, "socketpair: %s", errtext(errno));
    const int fds[] = { 1, 2, pair[1], command.outside };
    struct spawn s = { java_argv("launcher", argv, command.argc), NULL, "", fds, targets,
                       command.outside ? 4 : 3, SPAWN_SETSID | SPAWN_WITH_HOLDER, 0 };
    char **all = environ; unsigned n = 0; while (all[n]) n++;
    environ = memcpy(need(calloc(n + 1, sizeof *all)), all, n * sizeof *all); keep_environment();
    setenv("KELP_HOST_UID", format("%u", me.uid), 1); setenv("KELP_HOST_GID", format("%u", me.gid), 1);
    setenv("KELP_ROOT", me.root, 1); s.envp = environ; h.daemon = spawn(&s, &pidfd); environ = all;
    if (h.daemon < 0) fail(NULL, "execute %s: %s", s.argv[0], errtext(-h.daemon));
    if (command.outside) close(command.outside);
    shut(&pair[1]), shut(&pidfd); h.channel = pair[0]; h.state = STARTING; unsetenv("KELP_LAUNCH_ERROR");
    for (;; scratch_free()) {
        bool told = tell_all();
        struct pollfd p[2] = { watch(h.sig, POLLIN), watch(h.channel, told ? POLLIN : POLLOUT) }; poll(p, 2, -1);
        if (p[1].revents && h.channel >= 0 && told) read_channel();
        for (struct signalfd_siginfo i; read(h.sig, &i, sizeof i) == sizeof i;) {
            if (i.ssi_signo == SIGCHLD) reap();
            else if (command.pid) pass_on(command.ended ? 0 : command.pid, (int)i.ssi_signo, i.ssi_code);
            else if (i.ssi_signo < 4 || i.ssi_signo == SIGTERM) die_by_signal((int)i.ssi_signo);   /* HUP, INT, QUIT */
        }
        if (h.daemon <= 0 && command.ended) exit(WIFEXITED(command.status) ? WEXITSTATUS(command.status) : 255);
    }
}
/* rootlesskit; a program for which the tree names a JVM of its own or a script (lib/programs); else the client */
static int role_main(int argc, char **argv) {
    int skip = argc > 1 && !strcmp(base_name(argv[0]), "kelp") && *argv[1] != '-'; char jvm[32] = "", *called = argv[0];
    if (skip && argc > 3 && !strcmp(argv[1], "system") && !strcmp(argv[2], "start"))
        skip = strcmp(argv[3], "--foreground") ? 1 : 3;
    const char *name = base_name(argv[skip]); bool launches = strcmp(name, "rootlesskit") == 0; find_root();
    if (readlink(in_root(format("lib/programs/%s", name)), jvm, 31) < 1 && !launches) return client_main(argc, argv);
    argc -= skip; argv += skip; me.uid = geteuid(); me.gid = getegid(); if (launches) launcher_main(argc, argv);
    bool setup = strcmp(jvm, "setup") == 0, script = strchr(jvm, '.');
    char **v = script ? argv : java_argv(jvm, argv, (unsigned)argc);
    if (script) v[0] = in_root(format("lib/%s", jvm));
    if (!setup && !script) keep_environment();
    else setenv("KELP_ROOT", me.root, 1), setenv("KELP_CALLED_AS", called, 1);
    if (setup && argc > 1 && strcmp(argv[1], "nsenter") == 0) find_paths(), exit(unshare_command(argv + 2, true));
    execv(v[0], v); fail(NULL, "execute %s: %s", v[0], errtext(errno));
}
int main(int argc, char **argv) {
    if (argc > 2 && strcmp(argv[0], "kelp-init") == 0) init_main(argv + 1);
    if (argc == 5 && strcmp(argv[0], "kelp-holder") == 0 && strcmp(argv[1], "--holder") == 0) {
        if (strcmp(argv[2], "start") == 0) holder_start(atoi(argv[3]), atoi(argv[4]));
        if (strcmp(argv[2], "resume") == 0) holder_resume(atoi(argv[3]));
    }
    return argc < 1 ? EXIT_KELP : role_main(argc, argv);
}
