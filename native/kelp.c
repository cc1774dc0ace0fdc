// SPDX-License-Identifier: Apache-2.0
/*
 * kelp.c - the native half of Kelp: client, namespace holder, descriptor store
 *
 * THEORY OF OPERATION
 * ===================
 *
 * A JVM cannot enter a new user namespace (it has threads) and is slow to start. So one small program stands on
 * either side of it:
 *
 *     kelp ARGS (client) --kelp.sock--> kelpd (JVM) --descriptor 3--> holder (this program again)
 *              \----------holder.sock----------------------------------/
 *
 * The client knows no command. It sends its arguments, environment and descriptors to the daemon and then does what
 * the daemon asks: print, open a file, run a program, pump a stream. Everything that must happen with the rights, the
 * terminal and the working directory of the user happens here, since the daemon, inside a user namespace, has none of
 * them. One poll loop serves the daemon, the stream, standard input and the signals (by a signalfd). Standard output
 * is written in small pieces when poll says so; O_NONBLOCK is never set on a descriptor of the user, because his shell
 * shares it. While the terminal is raw a forked guard waits at a pipe: when the client is killed it puts the terminal
 * back.
 *
 * The holder is made by the first client, under the lock DATA/lock, and lives until it is told to stop. It makes the
 * user and mount namespaces (or joins those of monitors that outlived an earlier holder), makes both sockets, starts
 * the daemon and starts it again when it dies. Because the listening socket is the holder's, a client that comes while
 * the daemon is down just waits in the backlog. The holder is the subreaper of everything the daemon has it spawn; it
 * keeps the descriptors and the exit statuses a daemon must not lose. It is single-threaded and never blocks: one
 * poll loop over a signalfd, holder.sock, its connections, and the daemon's channel.
 *
 * To upgrade, the holder writes its state to a memfd and executes the new binary in place: pid, children, sockets,
 * lock and stored descriptors stay.
 *
 * The protocols are in PROTOCOL.md. Everything read from a peer has a limit, and every length is checked.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
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
#include <sys/vfs.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <grp.h>

/* Numbers and flags that older headers lack; the same on every architecture this is built for */
#define NR_open_tree 428
#define NR_close_range 436
#define NR_mount_setattr 442
#define TREE_CLONE 1u
#define TREE_RECURSIVE 0x8000u
#define ATTR_IDMAP 0x00100000u
#define RANGE_CLOEXEC 4u
#define CLONE_WITH_PIDFD 0x1000
#define CGROUP2_MAGIC 0x63677270

enum {
	HEADER = 8,                   /* of a frame between client and daemon */
	MAX_PAYLOAD = 4 << 20,        /* of a frame */
	MAX_FRAME_FDS = 8,            /* descriptors with a frame */
	MAX_PACKET = 128 << 10,       /* between daemon and holder */
	MAX_PACKET_FDS = 64,
	MAX_QUEUED_FDS = 32,          /* received by the client, not yet claimed by a frame */
	MAX_STORED = 65536,           /* descriptors in the store */
	MAX_KEPT_EXITS = 4096,
	MAX_CONTROL = 256,            /* connections to holder.sock */
	MAX_CAUGHT = 1 << 20,         /* standard output of a program that was run for the daemon */
	MAX_KEYS = 64,                /* length of the detach sequence */
	MAX_RANGES = 64,              /* lines of subordinate ids */
	MAX_LOG = 1 << 20,            /* a longer log is truncated at a start */
	MAX_SMALL_FILE = 64 << 10,
	SUN_PATH = sizeof(((struct sockaddr_un *)0)->sun_path),
	IO_CHUNK = 64 << 10,
	IN_CHUNK = 8 << 10,           /* conmon's buffer is 32 KiB: a longer packet would be cut */
	OUT_CHUNK = 4096,             /* PIPE_BUF: a pipe that polls writable takes this much without blocking */
	QUIET_MS = 1000,              /* no answer for so long: ask the holder what is wrong */
	DRAIN_MS = 1000,              /* after EXIT, an attached stream may be silent for so long */
	RESUME_MS = 60000,
	RIVAL_MS = 30000,             /* waiting for another client's holder */
	STOP_MS = 10000,              /* from SIGTERM to SIGKILL */
	BACKOFF_MS = 100,
	BACKOFF_MAX_MS = 5000,
	FAILURES_MAX = 10,            /* ends of the daemon within FAILURES_MS */
	FAILURES_MS = 60000,
	NEVER_READY_MAX = 3,          /* ends in a row before it was ready */
	FRESH_FAILURE_MS = 2000,      /* for so long the same failure is told again instead of trying anew */
	EXIT_KELP = 125,
	ROOT_RANGE = 1879048192,      /* real root's ids where /etc/subuid names none */
	ROOT_COUNT = 65536,
};

enum { C_REQUEST = 1, C_SIGNAL, C_WINCH, C_REPLY, C_RESUME, C_DETACHED, C_STREAM_END };
enum { D_OUT = 1, D_ERR, D_EXIT, D_OPEN, D_PROMPT, D_RUN, D_ATTACH, D_UNLINK, D_MKDIR, D_BIND, D_RENAME, D_UPGRADE };
enum { AT_RAW = 1, AT_INPUT = 2, AT_SIGNALS = 4, AT_PRINT = 8 };
enum { KIND_CONMON, KIND_PTY, KIND_PIPES };
enum { SPAWN_SETSID = 1, SPAWN_WITH_DAEMON = 2, SPAWN_WITH_HOLDER = 4 };

/* Where everything is; filled in once by find_paths() */
static struct {
	uid_t uid;
	gid_t gid;
	bool real_root;               /* uid 0 of the initial user namespace */
	char root[PATH_MAX];          /* the installed tree */
	char data[PATH_MAX];
	char run[PATH_MAX];
} me;

/* ---- wire helpers -------------------------------------------------------------------------------------------- */

struct buf {
	unsigned char *p;
	size_t len, cap;
};

struct in {
	const unsigned char *p;
	size_t left;
	bool bad;                     /* something was missing: the message is refused */
};

static void *need(void *p)
{
	if (!p) {
		static const char text[] = "kelp: error: allocate: out of memory\n";
		(void)!write(2, text, sizeof text - 1);
		_exit(EXIT_KELP);
	}
	return p;
}

static char *copy_string(const char *s)
{
	return need(strdup(s));
}

static void buf_room(struct buf *b, size_t n)
{
	if (b->cap - b->len >= n)
		return;
	b->cap = (b->len + n) * 2 + 256;
	b->p = need(realloc(b->p, b->cap));
}

static void put_mem(struct buf *b, const void *p, size_t n)
{
	buf_room(b, n);
	if (n)
		memcpy(b->p + b->len, p, n);
	b->len += n;
}

static void put_u8(struct buf *b, unsigned v)
{
	unsigned char c = (unsigned char)v;
	put_mem(b, &c, 1);
}

static void put_u16(struct buf *b, unsigned v)
{
	put_u8(b, v & 255);
	put_u8(b, v >> 8 & 255);
}

static void put_u32(struct buf *b, uint32_t v)
{
	put_u16(b, v & 0xffff);
	put_u16(b, v >> 16);
}

static void put_str(struct buf *b, const char *s)
{
	size_t n = strlen(s);
	put_u32(b, (uint32_t)n);
	put_mem(b, s, n);
}

static void put_strv(struct buf *b, char **v)
{
	uint32_t n = 0;
	while (v[n])
		n++;
	put_u32(b, n);
	for (uint32_t i = 0; i < n; i++)
		put_str(b, v[i]);
}

static const unsigned char *get_mem(struct in *in, size_t n)
{
	const unsigned char *p = in->p;
	if (in->bad || n > in->left) {
		in->bad = true;
		return NULL;
	}
	in->p += n;
	in->left -= n;
	return p;
}

static unsigned get_u8(struct in *in)
{
	const unsigned char *p = get_mem(in, 1);
	return p ? *p : 0;
}

static uint32_t get_u32(struct in *in)
{
	const unsigned char *p = get_mem(in, 4);
	return p ? p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24 : 0;
}

/* Always an allocated, terminated string; a NUL inside makes the message bad, as no path or argument can have one */
static char *get_str(struct in *in)
{
	uint32_t n = get_u32(in);
	const unsigned char *p = get_mem(in, n);
	if (!p || memchr(p, 0, n)) {
		in->bad = true;
		return copy_string("");
	}
	return need(strndup((const char *)p, n));
}

static char **get_strv(struct in *in)
{
	uint32_t n = get_u32(in);
	if (n > in->left / 4) {
		in->bad = true;
		n = 0;
	}
	char **v = need(calloc((size_t)n + 1, sizeof *v));
	for (uint32_t i = 0; i < n; i++)
		v[i] = get_str(in);
	return v;
}

static void free_strv(char **v)
{
	for (char **p = v; *p; p++)
		free(*p);
	free(v);
}

static void close_all(const int *fds, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		close(fds[i]);
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* One sendmsg, with descriptors in its first byte; what a stream socket did not take at once is sent after */
static ssize_t send_fds(int sock, struct iovec *iov, size_t niov, const int *fds, unsigned n, int flags)
{
	union { struct cmsghdr align; char space[CMSG_SPACE(MAX_PACKET_FDS * sizeof(int))]; } ctl;
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = niov };
	if (n) {
		memset(&ctl, 0, sizeof ctl);
		m.msg_control = &ctl;
		m.msg_controllen = CMSG_SPACE(n * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	}
	ssize_t r;
	do
		r = sendmsg(sock, &m, flags | MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	return r;
}

static bool send_frame(int sock, unsigned type, const struct buf *b, const int *fds, unsigned n)
{
	struct buf h = { 0 };
	size_t len = b ? b->len : 0;
	put_u32(&h, (uint32_t)len);
	put_u8(&h, type);
	put_u8(&h, n);
	put_u16(&h, 0);
	struct iovec iov[2] = { { h.p, HEADER }, { b ? b->p : NULL, len } };
	size_t sent = 0, total = HEADER + len;
	while (sent < total) {
		ssize_t r = send_fds(sock, iov, 2, fds, n, 0);
		if (r < 0)
			break;
		sent += (size_t)r;
		n = 0;
		for (int i = 0; i < 2; i++) {
			size_t took = (size_t)r < iov[i].iov_len ? (size_t)r : iov[i].iov_len;
			iov[i].iov_base = (char *)iov[i].iov_base + took;
			iov[i].iov_len -= took;
			r -= (ssize_t)took;
		}
	}
	free(h.p);
	return sent == total;
}

/* Returns as recvmsg; descriptors go to fds (room for max), and -1 with EMSGSIZE tells of a cut message */
static ssize_t recv_fds(int sock, void *p, size_t len, int *fds, unsigned max, unsigned *n, int flags)
{
	union { struct cmsghdr align; char space[CMSG_SPACE(MAX_PACKET_FDS * sizeof(int))]; } ctl;
	struct iovec iov = { p, len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &ctl, .msg_controllen = sizeof ctl };
	bool cut = false;
	ssize_t r;
	do
		r = recvmsg(sock, &m, flags | MSG_CMSG_CLOEXEC);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return r;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			if (*n < max)
				fds[(*n)++] = fd;
			else
				cut = close(fd) == 0;
		}
	}
	if (cut || m.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) {
		errno = EMSGSIZE;
		return -1;
	}
	return r;
}

static bool write_all(int fd, const void *p, size_t n)
{
	while (n) {
		ssize_t r = write(fd, p, n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return false;
		p = (const char *)p + r;
		n -= (size_t)r;
	}
	return true;
}

/* A small file as a string, "" when it cannot be read */
static char *read_file(const char *path)
{
	struct buf b = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t r = 0;
	do {
		b.len += (size_t)r;
		buf_room(&b, 1024);
		r = fd < 0 ? 0 : read(fd, b.p + b.len, b.cap - b.len - 1);
	} while (r > 0 && b.len < MAX_SMALL_FILE);
	b.p[b.len] = 0;
	shut(&fd);
	return (char *)b.p;
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	nanosleep(&t, NULL);
}

static const char *errtext(int e)
{
	static char text[128];
	snprintf(text, sizeof text, "%s", strerror(e));
	text[0] = (char)tolower((unsigned char)text[0]);
	return text;
}

static void tty_leave(void);

/* Where fail() writes; the pipe to the client while the holder starts */
static FILE *fail_to;

/* Ends the client: "kelp: error: …", then the hint when there is one */
__attribute__((format(printf, 2, 3), noreturn)) static void fail(const char *hint, const char *fmt, ...)
{
	va_list ap;
	tty_leave();
	FILE *to = fail_to ? fail_to : stderr;
	va_start(ap, fmt);
	fputs("kelp: error: ", to);
	vfprintf(to, fmt, ap);
	va_end(ap);
	fputc('\n', to);
	if (hint)
		fprintf(to, "hint: %s\n", hint);
	exit(EXIT_KELP);
}

__attribute__((format(printf, 1, 2))) static char *format(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;
	va_start(ap, fmt);
	int r = vasprintf(&s, fmt, ap);
	va_end(ap);
	return r < 0 ? need(NULL) : s;
}

/* ---- paths --------------------------------------------------------------------------------------------------- */

static bool initial_userns(void)
{
	unsigned long inside = 1, outside = 1, count = 0;
	char *map = read_file("/proc/self/uid_map");
	int n = sscanf(map, "%lu %lu %lu", &inside, &outside, &count);
	free(map);
	return n == 3 && !inside && !outside && count == UINT32_MAX;
}

static bool mine(const char *dir)
{
	struct stat st;
	return stat(dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == me.uid;
}

__attribute__((format(printf, 2, 3))) static void set_path(char *to, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(to, PATH_MAX, fmt, ap);
	va_end(ap);
	if (n < 0 || n >= PATH_MAX)
		fail(NULL, "use path %.60s...: file name too long", to);
}

static const char *env(const char *name)
{
	const char *v = getenv(name);
	return v && *v ? v : NULL;
}

/* The run root an earlier or present holder wrote into the lock file; "" when there is none */
static char *recorded_run(void)
{
	char path[PATH_MAX];
	set_path(path, "%s/lock", me.data);
	char *s = read_file(path);
	s[strcspn(s, "\n")] = 0;
	if (*s != '/')
		*s = 0;
	return s;
}

static void find_run(void)
{
	const char *v;
	if ((v = env("KELP_RUN_ROOT")))
		return set_path(me.run, "%s", v);
	if (me.real_root)
		return set_path(me.run, "/run/kelp");
	if ((v = env("XDG_RUNTIME_DIR")) && *v == '/' && mine(v))
		return set_path(me.run, "%s/kelp", v);
	char *old = recorded_run();
	bool use = *old && mine(old);
	if (use)
		set_path(me.run, "%s", old);
	free(old);
	if (use)
		return;
	set_path(me.run, "/run/user/%u", me.uid);
	if (mine(me.run))
		set_path(me.run, "/run/user/%u/kelp", me.uid);
	else
		set_path(me.run, "/tmp/kelp-%u", me.uid);
}

static void find_root(void)
{
	ssize_t n = readlink("/proc/self/exe", me.root, sizeof me.root - 1);
	me.root[n < 0 ? 0 : n] = 0;
	for (int i = 0; i < 2; i++) {
		char *slash = strrchr(me.root, '/');
		if (slash)
			*slash = 0;
	}
}

static void find_paths(void)
{
	const char *v;
	me.uid = geteuid();
	me.gid = getegid();
	me.real_root = me.uid == 0 && initial_userns();
	find_root();
	if ((v = env("KELP_DATA_ROOT")))
		set_path(me.data, "%s", v);
	else if (me.real_root)
		set_path(me.data, "/var/lib/kelp");
	else if ((v = env("XDG_DATA_HOME")))
		set_path(me.data, "%s/kelp", v);
	else if ((v = env("HOME")))
		set_path(me.data, "%s/.local/share/kelp", v);
	else
		fail("set HOME or KELP_DATA_ROOT", "find the data root: HOME is not set");
	find_run();
	if (me.data[0] != '/' || me.run[0] != '/')
		fail(NULL, "use %s: the data and run roots must be absolute paths", me.data[0] != '/' ? me.data : me.run);
}

static int make_dirs(const char *path, mode_t mode)
{
	char *copy = copy_string(path), *p = copy;
	int r;
	while (*p && (p = strchr(p + 1, '/'))) {
		*p = 0;
		mkdir(copy, mode);
		*p = '/';
	}
	r = mkdir(copy, mode);
	if (r < 0 && errno == EEXIST) {
		struct stat st;
		r = stat(copy, &st);
		if (r == 0 && !S_ISDIR(st.st_mode)) {
			errno = ENOTDIR;
			r = -1;
		}
	}
	free(copy);
	return r;
}

/* As real root the folder belongs to root or, after the first start, to the id root's range begins with */
static void private_dir(const char *path)
{
	struct stat st;
	if (make_dirs(path, 0700) < 0 || lstat(path, &st) < 0)
		fail(NULL, "create directory %s: %s", path, errtext(errno));
	if (!S_ISDIR(st.st_mode) || (st.st_uid != me.uid && !me.real_root) || st.st_mode & 022)
		fail("remove it, or set KELP_RUN_ROOT and KELP_DATA_ROOT", "use directory %s: it belongs to somebody else or "
		     "others may write to it", path);
	if (st.st_mode & 077 && chmod(path, 0700) < 0)
		fail(NULL, "chmod %s: %s", path, errtext(errno));
}

static bool sock_addr(struct sockaddr_un *a, const char *name)
{
	memset(a, 0, sizeof *a);
	a->sun_family = AF_UNIX;
	int n = snprintf(a->sun_path, SUN_PATH, "%s/%s", me.run, name);
	return n > 0 && n < SUN_PATH;
}

/* Connects to a socket in the run root. Only the user himself, or (for root) the owner of the folder that root made,
 * may be at the other end: credentials are those of the process that called listen(2), the holder. */
static int dial(const char *name)
{
	struct sockaddr_un a;
	struct ucred peer;
	struct stat st;
	socklen_t len = sizeof peer;
	if (!sock_addr(&a, name))
		fail("set KELP_RUN_ROOT to a shorter path", "connect to %s/%s: file name too long", me.run, name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
		int e = errno;
		close(fd);
		errno = e;
		return -1;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 ||
	    (peer.uid != me.uid && !(me.real_root && stat(me.run, &st) == 0 && st.st_uid == peer.uid)))
		fail(NULL, "connect to %s/%s: it belongs to another user", me.run, name);
	return fd;
}

/* ---- starting the holder ------------------------------------------------------------------------------------- */

/* In the forked child: leave the session and execute this program afresh, so that neither the user's arguments nor
 * his descriptors stay with the holder */
__attribute__((noreturn)) static void become_holder(int lock, int tell)
{
	char lock_text[16], tell_text[16];
	char *argv[] = { "kelp-holder", "--holder", "start", lock_text, tell_text, NULL };
	sigset_t none;
	snprintf(lock_text, sizeof lock_text, "%d", lock);
	snprintf(tell_text, sizeof tell_text, "%d", tell);
	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setenv("KELP_DATA_ROOT", me.data, 1);
	setenv("KELP_RUN_ROOT", me.run, 1);
	syscall(NR_close_range, 3u, ~0u, RANGE_CLOEXEC);
	fcntl(lock, F_SETFD, 0);
	fcntl(tell, F_SETFD, 0);
	execv("/proc/self/exe", argv);
	dprintf(tell, "kelp: error: execute /proc/self/exe: %s\n", errtext(errno));
	_exit(EXIT_KELP);
}

/* True when this client made the holder; false when another one holds the lock. The lock belongs to the open file,
 * so the child keeps what the parent took. */
static bool start_holder(void)
{
	char path[PATH_MAX], text[4096];
	int tell[2];
	size_t len = 0;
	ssize_t r;
	private_dir(me.data);
	set_path(path, "%s/lock", me.data);
	int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock < 0)
		fail(NULL, "open %s: %s", path, errtext(errno));
	if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
		char *other = recorded_run();
		if (*other)
			set_path(me.run, "%s", other);
		free(other);
		close(lock);
		return false;
	}
	private_dir(me.run);
	if (pipe2(tell, O_CLOEXEC) < 0)
		fail(NULL, "create a pipe: %s", errtext(errno));
	pid_t pid = fork();
	if (pid < 0)
		fail(NULL, "fork: %s", errtext(errno));
	if (pid == 0)
		become_holder(lock, tell[1]);
	close(lock);
	close(tell[1]);
	while ((r = read(tell[0], text + len, sizeof text - len)) > 0)
		len += (size_t)r;
	close(tell[0]);
	if (len) {
		(void)write_all(2, text, len);
		exit(EXIT_KELP);
	}
	return true;
}

/* A connection to kelp.sock, with a holder made when there is none */
static int dial_daemon(bool *started)
{
	int64_t until = 0;
	for (;;) {
		int fd = dial("kelp.sock");
		if (fd >= 0)
			return fd;
		if (errno != ENOENT && errno != ECONNREFUSED && errno != ENOTDIR)
			fail(NULL, "connect to %s/kelp.sock: %s", me.run, errtext(errno));
		if (!until)
			until = now_ms() + RIVAL_MS;
		if (start_holder())
			*started = true;
		else if (now_ms() > until)
			fail("see holder.log in the run root", "wait for the holder that locks %s/lock: nothing listens in %s",
			     me.data, me.run);
		else
			sleep_ms(10);
	}
}

/* Asks the holder one thing and returns the answer, NULL when there is no holder */
static char *ask_holder(const char *line)
{
	struct buf b = { 0 };
	int fd = dial("holder.sock");
	if (fd < 0)
		return NULL;
	if (send(fd, line, strlen(line), MSG_NOSIGNAL) >= 0 && send(fd, "\n", 1, MSG_NOSIGNAL) >= 0)
		for (ssize_t r = 1; r > 0 && b.len < MAX_SMALL_FILE; b.len += (size_t)(r > 0 ? r : 0)) {
			buf_room(&b, 1024);
			r = read(fd, b.p + b.len, b.cap - b.len - 1);
		}
	close(fd);
	put_u8(&b, 0);
	return (char *)b.p;
}

/* ---- terminal ------------------------------------------------------------------------------------------------ */

static struct {
	int fd;                       /* -1: the terminal is as the user left it */
	int guard;                    /* pipe to the guard process: 'r' raw, 'c' cooked */
	bool applied;
	struct termios saved, mode;
} tty = { .fd = -1, .guard = -1 };

/* The signal mask the client was started with; programs it runs get it back */
static sigset_t first_mask;

static void guard_says(char c)
{
	(void)!write(tty.guard, &c, 1);
}

/* The guard: when the pipe ends while the terminal is raw, the client was killed. It is in a session of its own, so no
 * key reaches it and job control does not stop it. A terminal that somebody has changed since is left alone. */
__attribute__((noreturn)) static void guard_main(int from)
{
	struct termios is;
	char c, last = 'c';
	setsid();
	if (tty.fd != 0)
		dup2(tty.fd, 0);
	dup2(from, 1);
	syscall(NR_close_range, 2u, ~0u, 0u);
	while (read(1, &c, 1) > 0)
		last = c;
	if (last == 'r' && tcgetattr(0, &is) == 0 && is.c_lflag == tty.mode.c_lflag && is.c_iflag == tty.mode.c_iflag)
		tcsetattr(0, TCSADRAIN, &tty.saved);
	_exit(0);
}

static void tty_apply(void)
{
	if (tty.fd < 0 || tty.applied)
		return;
	guard_says('r');
	tty.applied = tcsetattr(tty.fd, TCSADRAIN, &tty.mode) == 0;
}

static void tty_suspend(void)
{
	if (tty.fd < 0 || !tty.applied)
		return;
	tcsetattr(tty.fd, TCSADRAIN, &tty.saved);
	tty.applied = false;
	guard_says('c');
}

static void tty_leave(void)
{
	tty_suspend();
	shut(&tty.guard);
	tty.fd = -1;
}

/* Raw, or cooked without echo */
static void tty_enter(int fd, bool raw)
{
	int p[2];
	if (tty.fd >= 0 || tcgetattr(fd, &tty.saved) < 0 || pipe2(p, O_CLOEXEC) < 0)
		return;
	tty.mode = tty.saved;
	if (raw)
		cfmakeraw(&tty.mode);
	else
		tty.mode.c_lflag &= ~(tcflag_t)ECHO;
	tty.fd = fd;
	if (fork() == 0)
		guard_main(p[0]);
	close(p[0]);
	tty.guard = p[1];
	tty_apply();
}

/* What read(2) does in a background job: a read of nothing stops us by SIGTTIN until we are in the foreground. False
 * when nobody could wake us (an orphaned job): there is no input then. */
static bool tty_wait_foreground(int fd)
{
	char none;
	return tcgetpgrp(fd) == getpgrp() || read(fd, &none, 0) == 0 || errno == EINTR;
}

__attribute__((noreturn)) static void die_by_signal(int sig)
{
	sigset_t set;
	tty_leave();
	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	raise(sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	_exit(128 + sig);
}

/* ---- client -------------------------------------------------------------------------------------------------- */

struct out {                          /* bytes on their way to a descriptor */
	int fd;
	size_t at;                    /* b.p[at] is the next one */
	struct buf b;
	bool broken;
};

struct attach {
	bool on, ended_told, detached;
	unsigned kind, flags;
	int read[2];                  /* -1 where ended */
	int ctl;                      /* conmon's, or the pty master, for the window size */
	struct out in;                /* towards the process; fd is -1 when closed */
	bool reading;                 /* standard input is being forwarded */
	unsigned char last;           /* byte sent: VEOF needs a line start */
	char *token;
	struct buf keys, held;        /* the detach sequence, and what was typed of it */
};

static struct {
	int sock, sig, holder;        /* holder: asked what is wrong, -1 if not */
	struct buf in;
	int fds[MAX_QUEUED_FDS];
	unsigned nfds;
	struct out out[2];
	struct buf reason;            /* the holder's answer so far */
	bool answered, started, upgraded, exiting, lost_output;
	int code, cwd;
	unsigned tty_bits, other_bits;
	unsigned seen[65];
	int64_t ask_at, drain_until, resume_until;
	char **argv;
	struct attach at;
} c = { .sock = -1, .sig = -1, .holder = -1, .cwd = -1 };

static bool window_size(struct winsize *w)
{
	static const int order[] = { 1, 0, 2 };
	memset(w, 0, sizeof *w);
	for (int i = 0; i < 3; i++)
		if (c.tty_bits & 1u << order[i] && ioctl(order[i], TIOCGWINSZ, w) == 0)
			return true;
	return false;
}

/* Nothing this program opens may become 0, 1 or 2, so closed ones are filled first */
static void look_at_stdio(void)
{
	struct termios t;
	for (int fd = 0; fd < 3; fd++) {
		if (tcgetattr(fd, &t) == 0) {
			c.tty_bits |= 1u << fd;
		} else if (errno == EBADF && fcntl(fd, F_GETFD) < 0) {
			if (fd == 0)
				c.other_bits |= 2;
			if (open("/dev/null", fd ? O_WRONLY : O_RDONLY) != fd)
				fail(NULL, "open /dev/null: %s", errtext(errno));
		}
	}
}

static void send_request(void)
{
	struct buf b = { 0 };
	struct winsize w;
	int fds[4];
	unsigned n = 0;
	char path[PATH_MAX];
	mode_t mask = umask(0);
	umask(mask);
	set_path(path, "%s/build-id", me.root);
	char *id = read_file(path);
	id[strcspn(id, "\n")] = 0;
	const char *base = strrchr(c.argv[0], '/');
	window_size(&w);
	put_str(&b, id);
	put_u8(&b, c.tty_bits);
	put_u8(&b, c.other_bits | (me.real_root ? 1u : 0u));
	put_u16(&b, w.ws_row);
	put_u16(&b, w.ws_col);
	put_u32(&b, mask);
	put_str(&b, base ? base + 1 : c.argv[0]);
	put_strv(&b, c.argv + 1);
	put_strv(&b, environ);
	if (b.len > MAX_PAYLOAD)
		fail(NULL, "send the request: arguments and environment are longer than %d bytes", MAX_PAYLOAD);
	c.cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (c.cwd < 0)
		c.cwd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	fds[n++] = c.cwd;
	for (int fd = 0; fd < 3; fd++)
		if (!(c.tty_bits & 1u << fd) && !(fd == 0 && c.other_bits & 2))
			fds[n++] = fd;
	(void)send_frame(c.sock, C_REQUEST, &b, fds, n);      /* a broken connection shows when it is read */
	shut(&c.cwd);
	free(id);
	free(b.p);
}

static void reply(uint32_t id, int result, const void *p, size_t n, int fd)
{
	struct buf b = { 0 };
	put_u32(&b, id);
	put_u32(&b, (uint32_t)result);
	put_mem(&b, p, n);
	(void)send_frame(c.sock, C_REPLY, &b, &fd, fd >= 0);
	free(b.p);
}

static void send_u32(unsigned type, uint32_t v)
{
	struct buf b = { 0 };
	put_u32(&b, v);
	(void)send_frame(c.sock, type, &b, NULL, 0);
	free(b.p);
}

/* The signals that go to the daemon. One that was ignored when the client was started (nohup) stays ignored, and would
 * not if it were blocked. */
static void catch_signals(bool all)
{
	static const int always[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH, SIGCONT, SIGUSR1, SIGUSR2 };
	struct sigaction old;
	sigset_t set;
	sigemptyset(&set);
	for (unsigned i = 0; i < (all ? 8 : 6); i++)
		if (sigaction(always[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaddset(&set, always[i]);
	if (tty.fd >= 0)
		sigaddset(&set, SIGTSTP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	c.sig = signalfd(c.sig, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void send_window(void)
{
	struct winsize w;
	if (!window_size(&w))
		return;
	if (!c.at.on) {
		struct buf b = { 0 };
		put_u16(&b, w.ws_row);
		put_u16(&b, w.ws_col);
		(void)send_frame(c.sock, C_WINCH, &b, NULL, 0);
		free(b.p);
	} else if (c.at.kind == KIND_PTY && c.at.read[0] >= 0) {
		ioctl(c.at.read[0], TIOCSWINSZ, &w);
	} else if (c.at.kind == KIND_CONMON && c.at.ctl >= 0) {
		dprintf(c.at.ctl, "1 %u %u\n", w.ws_row, w.ws_col);
	}
}

/* Forwarding input from a terminal is for the foreground job alone */
static void claim_terminal(void)
{
	if (c.at.reading && c.tty_bits & 1 && !tty_wait_foreground(0))
		c.at.reading = false;
	tty_apply();
}

static void handle_signal(int sig)
{
	if (sig == SIGWINCH) {
		send_window();
	} else if (sig == SIGCONT) {
		claim_terminal();
		send_window();
	} else if (sig == SIGTSTP) {
		tty_suspend();
		raise(SIGSTOP);
	} else if (c.at.on && !c.at.detached && !(c.at.flags & AT_SIGNALS)) {
		die_by_signal(sig);
	} else {
		bool alone = !c.at.on || c.sock < 0;
		if (++c.seen[sig] >= 2 && alone) {
			tty_leave();
			_exit(128 + sig);
		}
		if (c.sock >= 0)
			send_u32(C_SIGNAL, (uint32_t)sig);
	}
}

/* Returns the last signal that was not about the terminal, or 0 */
static int take_signals(void)
{
	struct signalfd_siginfo s;
	int last = 0;
	while (read(c.sig, &s, sizeof s) == sizeof s) {
		if (s.ssi_signo != SIGWINCH && s.ssi_signo != SIGCONT && s.ssi_signo != SIGTSTP)
			last = (int)s.ssi_signo;
		handle_signal((int)s.ssi_signo);
	}
	return last;
}

/* ---- client: what the daemon asks for ------------------------------------------------------------------------ */

static void unblock(sigset_t *old)
{
	sigprocmask(SIG_SETMASK, &first_mask, old);
}

/* A FIFO can keep open(2) waiting: the user must be able to interrupt that, so signals act by default meanwhile */
static void do_open(struct in *in, uint32_t id)
{
	sigset_t set;
	uint32_t flags = get_u32(in), mode = get_u32(in);
	char *path = get_str(in);
	if (!in->bad) {
		unblock(&set);
		int fd = open(path, (int)(flags | O_CLOEXEC | O_NOCTTY), (mode_t)mode);
		int e = errno;
		sigprocmask(SIG_SETMASK, &set, NULL);
		reply(id, fd < 0 ? -e : 0, NULL, 0, fd);
		shut(&fd);
	}
	free(path);
}

static int read_line(int fd, char *line, size_t size, size_t *len)
{
	while (*len < size) {
		struct pollfd p[2] = { { fd, POLLIN, 0 }, { c.sig, POLLIN, 0 } };
		poll(p, 2, -1);
		if (p[1].revents && take_signals())
			return -EINTR;
		if (!p[0].revents)
			continue;
		ssize_t r = read(fd, line + *len, size - *len);
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r == 0)
			return *len ? 0 : -ENODATA;
		*len += r > 0 ? (size_t)r : 0;
		if (*len && line[*len - 1] == '\n') {
			--*len;
			return 0;
		}
	}
	return 0;
}

static void do_prompt(struct in *in, uint32_t id)
{
	char line[4096];
	size_t len = 0;
	bool echo = get_u8(in) != 0;
	char *text = get_str(in);
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	int from = fd >= 0 ? fd : c.tty_bits & 1 ? 0 : -1, to = fd >= 0 ? fd : 2, r = -ENOTTY;
	if (!in->bad && from >= 0) {
		(void)write_all(to, text, strlen(text));
		if (!echo)
			tty_enter(from, false);
		catch_signals(false);
		r = read_line(from, line, sizeof line, &len);
		if (!echo) {
			tty_leave();
			(void)write_all(to, "\n", 1);
		}
	}
	if (!in->bad)
		reply(id, r, line, r < 0 ? 0 : len, -1);
	explicit_bzero(line, sizeof line);
	shut(&fd);
	free(text);
}

__attribute__((noreturn)) static void run_child(char **argv, int from, int to)
{
	dup2(from, 0);
	dup2(to, 1);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &first_mask, NULL);
	execvp(argv[0], argv);
	if (errno != ENOENT)
		dprintf(2, "kelp: error: execute %s: %s\n", argv[0], errtext(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Feeds and catches at the same time: either pipe may fill first */
static void exchange(int to, struct in *in, int from, struct buf *caught)
{
	fcntl(to, F_SETFL, O_NONBLOCK);
	while (from >= 0) {
		struct pollfd p[2] = { { to, POLLOUT, 0 }, { from, POLLIN, 0 } };
		poll(p, 2, -1);
		if (to >= 0 && p[0].revents) {
			ssize_t w = in->left ? write(to, in->p, in->left) : 0;
			if (w > 0)
				(void)get_mem(in, (size_t)w);
			if (!in->left || (w < 0 && errno != EAGAIN && errno != EINTR))
				shut(&to);
		}
		if (p[1].revents) {
			buf_room(caught, OUT_CHUNK);
			ssize_t r = read(from, caught->p + caught->len, OUT_CHUNK);
			if (r > 0)
				caught->len += (size_t)r;
			if (r == 0 || (r < 0 && errno != EINTR) || caught->len > MAX_CAUGHT)
				shut(&from);
		}
	}
	shut(&to);
}

/* Runs a program, gives it input and catches its output; 128+n when a signal ended it */
static int run_program(char **argv, struct in *in, struct buf *caught)
{
	int a[2], b[2], status = 0;
	if (pipe2(a, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(b, O_CLOEXEC) < 0) {
		close_all(a, 2);
		return -EMFILE;
	}
	pid_t pid = fork();
	if (pid == 0)
		run_child(argv, a[0], b[1]);
	close(a[0]);
	close(b[1]);
	if (pid < 0) {
		close(a[1]);
		close(b[0]);
		return -EAGAIN;
	}
	exchange(a[1], in, b[0], caught);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (caught->len > MAX_CAUGHT)
		return -E2BIG;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void do_run(struct in *in, uint32_t id)
{
	struct buf caught = { 0 };
	char **argv = get_strv(in);
	uint32_t n = get_u32(in);
	struct in feed = { get_mem(in, n), n, false };
	if (!argv[0])
		in->bad = true;
	if (!in->bad) {
		int r = run_program(argv, &feed, &caught);
		reply(id, r, caught.p, r < 0 ? 0 : caught.len, -1);
	}
	free(caught.p);
	free_strv(argv);
}

static void do_mkdir(struct in *in, uint32_t id)
{
	uint32_t mode = get_u32(in);
	char *path = get_str(in);
	if (!in->bad)
		reply(id, make_dirs(path, (mode_t)(mode & 07777)) < 0 ? -errno : 0, NULL, 0, -1);
	free(path);
}

/* A detached copy of a mount, made with the client's rights; id-mapped where only host root may do so */
static void do_bind(struct in *in, uint32_t id, const int *fds, unsigned n)
{
	struct { uint64_t set, clear, propagation, userns; } attr = { ATTR_IDMAP, 0, 0, 0 };
	uint32_t flags = get_u32(in);
	char *path = get_str(in);
	unsigned deep = flags & 1 ? TREE_RECURSIVE : 0;
	if (flags & 2 && n < 1)
		in->bad = true;
	if (!in->bad) {
		int fd = (int)syscall(NR_open_tree, AT_FDCWD, path, TREE_CLONE | O_CLOEXEC | deep);
		int e = fd < 0 ? errno : 0;
		if (fd >= 0 && flags & 2) {
			attr.userns = (uint64_t)fds[0];
			if (syscall(NR_mount_setattr, fd, "", AT_EMPTY_PATH | deep, &attr, sizeof attr) < 0)
				e = errno;
		}
		reply(id, -e, NULL, 0, e ? -1 : fd);
		shut(&fd);
	}
	free(path);
}

static void do_rename(struct in *in, uint32_t id)
{
	char *from = get_str(in), *to = get_str(in);
	if (!in->bad)
		reply(id, rename(from, to) < 0 ? -errno : 0, NULL, 0, -1);
	free(from);
	free(to);
}

/* ---- client: attached streams -------------------------------------------------------------------------------- */

static int own_copy(int fd)
{
	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

/* The descriptors of a stream are the daemon's to give, so these may be O_NONBLOCK; the user's never */
static void set_nonblock(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static void take_streams(struct attach *a, const int *fds, unsigned n)
{
	bool input = a->flags & AT_INPUT;
	a->read[0] = a->read[1] = a->ctl = a->in.fd = -1;
	if (a->kind == KIND_PIPES) {
		unsigned i = 0;
		if (input && n > i)
			a->in.fd = own_copy(fds[i++]);
		a->read[0] = n > i ? own_copy(fds[i++]) : -1;
		a->read[1] = n > i ? own_copy(fds[i++]) : -1;
	} else {
		a->read[0] = own_copy(fds[0]);
		a->in.fd = input ? own_copy(fds[0]) : -1;
		a->ctl = n > 1 ? own_copy(fds[1]) : -1;
	}
	set_nonblock(a->read[0]);
	set_nonblock(a->read[1]);
	set_nonblock(a->in.fd);
	set_nonblock(a->ctl);
}

static void do_attach(struct in *in, const int *fds, unsigned n)
{
	struct attach *a = &c.at;
	if (a->on) {
		in->bad = true;
		return;
	}
	a->kind = get_u8(in);
	a->flags = get_u8(in);
	uint32_t len = get_u32(in);
	put_mem(&a->keys, get_mem(in, len), in->bad ? 0 : len);
	a->token = get_str(in);
	if (in->bad || a->kind > KIND_PIPES || len > MAX_KEYS || n < 1) {
		in->bad = true;
		return;
	}
	take_streams(a, fds, n);
	a->on = true;
	a->reading = a->in.fd >= 0;
	if (a->reading && c.tty_bits & 1 && !tty_wait_foreground(0))
		a->reading = false;
	if (a->flags & AT_RAW && c.tty_bits & 1)
		tty_enter(0, true);
	catch_signals(a->flags & AT_SIGNALS);
	send_window();
}

static void stop_streams(void)
{
	shut(&c.at.read[0]);
	shut(&c.at.read[1]);
	shut(&c.at.in.fd);
	shut(&c.at.ctl);
	c.at.reading = false;
}

static void put_out(struct out *o, const void *p, size_t n)
{
	if (o->fd >= 0 && !o->broken)
		put_mem(&o->b, p, n);
}

static bool pending(const struct out *o)
{
	return o->b.len > o->at;
}

/* Writes what the descriptor takes now; false when it will never take more */
static bool flush_out(struct out *o, size_t chunk)
{
	size_t n = o->b.len - o->at;
	ssize_t r = write(o->fd, o->b.p + o->at, n < chunk ? n : chunk);
	if (r < 0)
		return errno == EAGAIN || errno == EINTR;
	o->at += (size_t)r;
	if (o->at == o->b.len)
		o->at = o->b.len = 0;
	return true;
}

static void flush_stdout(struct out *o)
{
	if (flush_out(o, OUT_CHUNK))
		return;
	if (errno == EPIPE)
		die_by_signal(SIGPIPE);
	if (o->fd == 1)
		dprintf(2, "kelp: error: write standard output: %s\n", errtext(errno));
	c.lost_output = o->broken = true;
	o->b.len = o->at = 0;
}

static void detach(void)
{
	stop_streams();
	tty_leave();
	c.at.detached = true;
	if (c.sock < 0) {
		c.exiting = true;
		return;
	}
	(void)send_frame(c.sock, C_DETACHED, NULL, NULL, 0);
}

/* What was typed and is not the beginning of the detach sequence goes on to the process */
static void forward_byte(struct attach *a, unsigned char byte)
{
	put_mem(&a->held, &byte, 1);
	size_t skip = 0;
	while (a->held.len - skip && (a->held.len - skip > a->keys.len ||
	       memcmp(a->held.p + skip, a->keys.p, a->held.len - skip) != 0))
		skip++;
	put_mem(&a->in.b, a->held.p, skip);
	memmove(a->held.p, a->held.p + skip, a->held.len - skip);
	a->held.len -= skip;
}

/* The end of standard input, once all of it has gone out */
static void end_input(struct attach *a)
{
	struct termios t;
	if (a->kind == KIND_CONMON) {
		shutdown(a->in.fd, SHUT_WR);
	} else if (a->kind == KIND_PTY && tcgetattr(a->in.fd, &t) == 0 && t.c_lflag & ICANON) {
		/* Within a line the first VEOF only hands over what is there */
		char eof[2] = { (char)t.c_cc[VEOF], (char)t.c_cc[VEOF] };
		(void)!write(a->in.fd, eof, a->last && a->last != '\n' ? 2 : 1);
	}
	shut(&a->in.fd);
}

static void read_stdin(struct attach *a)
{
	unsigned char p[IN_CHUNK];
	ssize_t r = read(0, p, sizeof p);
	if (r < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (r <= 0) {
		a->reading = false;
		put_mem(&a->in.b, a->held.p, a->held.len);
		a->held.len = 0;
		return;
	}
	if (!a->keys.len || !(c.tty_bits & 1)) {
		put_mem(&a->in.b, p, (size_t)r);
		return;
	}
	for (ssize_t i = 0; i < r; i++) {
		forward_byte(a, p[i]);
		if (a->held.len == a->keys.len)
			return detach();
	}
}

static void write_input(struct attach *a)
{
	if (pending(&a->in)) {
		a->last = a->in.b.p[a->in.b.len - 1];
		if (!flush_out(&a->in, IN_CHUNK)) {
			shut(&a->in.fd);      /* the process reads no more */
			a->reading = false;
			a->in.b.len = a->in.at = 0;
		}
	}
}

static void read_stream(struct attach *a, int i)
{
	static unsigned char p[IO_CHUNK];
	ssize_t r = read(a->read[i], p, sizeof p);
	if (r < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (r <= 0) {                         /* a pty ends with EIO */
		shut(&a->read[i]);
		return;
	}
	if (c.exiting)
		c.drain_until = now_ms() + DRAIN_MS;
	if (!(a->flags & AT_PRINT))
		return;
	if (a->kind == KIND_CONMON)
		put_out(&c.out[p[0] == 3], p + 1, (size_t)r - 1);
	else
		put_out(&c.out[i], p, (size_t)r);
}

/* ---- client: the loop ---------------------------------------------------------------------------------------- */

static void do_upgrade(void)
{
	char *line = format("upgrade %s", me.root), *answer;
	if (c.upgraded)
		fail("run kelp system restart", "upgrade the daemon: it still is of another build");
	c.upgraded = true;
	answer = ask_holder(line);
	if (answer && strncmp(answer, "ready", 5) != 0)
		fail(NULL, "upgrade the daemon: %s", *answer ? answer : "the holder gave no answer");
	shut(&c.sock);
	close_all(c.fds, c.nfds);
	c.nfds = 0;
	c.in.len = 0;
	c.answered = false;
	c.sock = dial_daemon(&c.started);
	send_request();
	free(line);
	free(answer);
}

static void handle_frame(unsigned type, struct in *in, const int *fds, unsigned n)
{
	uint32_t id = type >= D_OPEN && type != D_ATTACH && type != D_UPGRADE ? get_u32(in) : 0;
	c.answered = true;
	switch (type) {
	case D_OUT: put_out(&c.out[0], in->p, in->left); break;
	case D_ERR: put_out(&c.out[1], in->p, in->left); break;
	case D_EXIT:
		c.code = (int)get_u32(in);
		c.exiting = true;
		c.drain_until = now_ms() + DRAIN_MS;
		c.at.reading = false;
		break;
	case D_OPEN: do_open(in, id); break;
	case D_PROMPT: do_prompt(in, id); break;
	case D_RUN: do_run(in, id); break;
	case D_ATTACH: do_attach(in, fds, n); break;
	case D_MKDIR: do_mkdir(in, id); break;
	case D_BIND: do_bind(in, id, fds, n); break;
	case D_RENAME: do_rename(in, id); break;
	case D_UPGRADE: break;
	default: in->bad = true;
	}
	if (in->bad)
		fail("the client and the daemon may be of different builds: run kelp system restart",
		     "read from the daemon: malformed frame of type %u", type);
}

/* Takes the whole frames out of the buffer. Descriptors come no later than the header they belong to. */
static void take_frames(void)
{
	size_t at = 0;
	bool upgrade = false;
	while (c.in.len - at >= HEADER && !c.exiting && !upgrade) {
		struct in h = { c.in.p + at, HEADER, false };
		uint32_t len = get_u32(&h);
		unsigned type = get_u8(&h), n = get_u8(&h);
		if (len > MAX_PAYLOAD || n > MAX_FRAME_FDS)
			fail(NULL, "read from the daemon: frame of type %u is too large", type);
		if (c.in.len - at - HEADER < len)
			break;
		if (n > c.nfds)
			fail(NULL, "read from the daemon: descriptors are missing");
		struct in in = { c.in.p + at + HEADER, len, false };
		handle_frame(type, &in, c.fds, n);
		upgrade = type == D_UPGRADE;
		close_all(c.fds, n);
		c.nfds -= n;
		memmove(c.fds, c.fds + n, c.nfds * sizeof c.fds[0]);
		at += HEADER + len;
	}
	memmove(c.in.p, c.in.p + at, c.in.len - at);
	c.in.len -= at;
	if (upgrade)
		do_upgrade();
}

static void ask_reason(void)
{
	c.ask_at = INT64_MAX;
	c.holder = dial("holder.sock");
	if (c.holder >= 0)
		(void)!send(c.holder, "wait\n", 5, MSG_NOSIGNAL);
}

static void read_reason(void)
{
	buf_room(&c.reason, OUT_CHUNK);
	ssize_t r = read(c.holder, c.reason.p + c.reason.len, OUT_CHUNK - 1);
	if (r > 0 && c.reason.len < MAX_SMALL_FILE) {
		c.reason.len += (size_t)r;
		return;
	}
	shut(&c.holder);
	put_u8(&c.reason, 0);
	const char *text = (const char *)c.reason.p;
	if (*text && strncmp(text, "ready", 5) != 0) {
		char *hint = format("the log of the daemon is %s/daemon.log", me.run);
		fail(hint, "start the daemon: %.*s", (int)(strlen(text) - (text[strlen(text) - 1] == '\n')), text);
	}
	c.reason.len = 0;
}

static void lost_daemon(void)
{
	shut(&c.sock);
	if (c.at.detached)
		c.exiting = true;
	if (c.at.on)
		return;
	/* The holder knows more when the daemon could not even start */
	if (!c.answered && c.holder < 0)
		ask_reason();
	while (c.holder >= 0)
		read_reason();
	char *hint = format("try again; the log of the daemon is %s/daemon.log", me.run);
	fail(hint, "the daemon went away before it answered");
}

static void read_daemon(void)
{
	buf_room(&c.in, IO_CHUNK);
	ssize_t r = recv_fds(c.sock, c.in.p + c.in.len, c.in.cap - c.in.len, c.fds, MAX_QUEUED_FDS, &c.nfds, 0);
	if (r <= 0)
		return lost_daemon();
	c.in.len += (size_t)r;
	take_frames();
}

/* The stream ended while no daemon was there to tell the exit code: the next one knows it */
static void resume(void)
{
	struct buf b = { 0 };
	if (!c.resume_until)
		c.resume_until = now_ms() + RESUME_MS;
	else
		sleep_ms(100);
	if (now_ms() > c.resume_until)
		fail(NULL, "learn the exit code: the daemon did not come back within %d s", RESUME_MS / 1000);
	c.in.len = 0;
	close_all(c.fds, c.nfds);
	c.nfds = 0;
	c.sock = dial_daemon(&c.started);
	put_str(&b, c.at.token);
	(void)send_frame(c.sock, C_RESUME, &b, NULL, 0);
	free(b.p);
}

/* What follows from the state as it is; true when all is done */
static bool settle(void)
{
	struct attach *a = &c.at;
	bool flushed = !pending(&c.out[0]) && !pending(&c.out[1]);
	bool ended = a->on && a->read[0] < 0 && a->read[1] < 0;
	if (a->in.fd >= 0 && a->on && !a->reading && !pending(&a->in) && !c.exiting)
		end_input(a);
	if (ended && flushed && !a->ended_told) {
		a->ended_told = true;
		stop_streams();
		tty_leave();
		if (c.sock >= 0 && !a->detached && !c.exiting)
			(void)send_frame(c.sock, C_STREAM_END, NULL, NULL, 0);
	}
	if (c.exiting && flushed && a->on && !ended && now_ms() >= c.drain_until)
		return true;
	if (c.exiting && flushed && (!a->on || ended))
		return true;
	if (c.sock < 0 && ended && flushed && !c.exiting)
		resume();
	return false;
}

static int next_timeout(void)
{
	int64_t at = INT64_MAX, now;
	if (c.exiting)
		at = c.drain_until;
	else if (!c.answered && c.sock >= 0)
		at = c.ask_at;
	if (at == INT64_MAX)
		return -1;
	now = now_ms();
	return at > now ? (int)(at - now) : 0;
}

static int client_loop(void)
{
	enum { SIG, SOCK, HOLDER, OUT0, OUT1, READ0, READ1, STDIN, INPUT, N };
	struct attach *a = &c.at;
	while (!settle()) {
		struct pollfd p[N];
		bool busy = pending(&c.out[0]) || pending(&c.out[1]);
		for (int i = 0; i < N; i++)
			p[i] = (struct pollfd){ -1, POLLIN, 0 };
		p[SIG].fd = c.sig;
		p[SOCK].fd = busy || c.exiting ? -1 : c.sock;
		p[HOLDER].fd = c.holder;
		for (int i = 0; i < 2; i++) {
			p[OUT0 + i] = (struct pollfd){ pending(&c.out[i]) ? c.out[i].fd : -1, POLLOUT, 0 };
			p[READ0 + i].fd = a->on && !busy ? a->read[i] : -1;
		}
		p[STDIN].fd = a->reading && !pending(&a->in) ? 0 : -1;
		p[INPUT] = (struct pollfd){ a->on && pending(&a->in) ? a->in.fd : -1, POLLOUT, 0 };
		int r = poll(p, N, next_timeout());
		if (r == 0 && !c.exiting && !c.answered)
			ask_reason();
		if (r <= 0)
			continue;
		if (p[SIG].revents)
			take_signals();
		for (int i = 0; i < 2; i++) {
			if (p[OUT0 + i].revents)
				flush_stdout(&c.out[i]);
			if (p[READ0 + i].revents && a->read[i] >= 0)
				read_stream(a, i);
		}
		if (p[INPUT].revents && a->in.fd >= 0)
			write_input(a);
		if (p[STDIN].revents && a->reading)
			read_stdin(a);
		if (p[SOCK].revents && c.sock >= 0)
			read_daemon();
		if (p[HOLDER].revents)
			read_reason();
	}
	tty_leave();
	return c.lost_output && !c.code ? EXIT_KELP : c.code;
}

/* kelp system status|restart|stop, which must work when the daemon does not */
static int system_command(const char *what)
{
	char *answer = ask_holder(what);
	if (!answer && strcmp(what, "restart") == 0) {
		bool started;
		close(dial_daemon(&started));
		answer = ask_holder("wait");
	}
	if (!answer) {
		if (strcmp(what, "status") == 0)
			puts("state: not running");
		return strcmp(what, "status") == 0;
	}
	if (strcmp(what, "status") == 0) {
		fputs(answer, stdout);
		return fflush(stdout) ? EXIT_KELP : 0;
	}
	if (strncmp(answer, "ready", 5) == 0 || strncmp(answer, "stopped", 7) == 0)
		return 0;
	fail(NULL, "%s the daemon: %s", what, *answer ? answer : "the holder gave no answer");
}

static int client_main(int argc, char **argv)
{
	const char *base = strrchr(argv[0], '/');
	sigprocmask(SIG_SETMASK, NULL, &first_mask);
	c.argv = argv;
	look_at_stdio();
	find_paths();
	if (argc == 3 && strcmp(base ? base + 1 : argv[0], "kelp") == 0 && strcmp(argv[1], "system") == 0 &&
	    (!strcmp(argv[2], "status") || !strcmp(argv[2], "restart") || !strcmp(argv[2], "stop")))
		return system_command(argv[2]);
	c.out[0].fd = 1;
	c.out[1].fd = 2;
	c.sock = dial_daemon(&c.started);
	send_request();
	c.ask_at = c.started ? 0 : now_ms() + QUIET_MS;
	signal(SIGPIPE, SIG_IGN);
	catch_signals(false);
	return client_loop();
}

/* ---- holder: state ------------------------------------------------------------------------------------------- */

enum state { STARTING, READY, RESTARTING, FAILED, STOPPING };

struct child { char *key; pid_t pid; unsigned flags; bool ended, told; int status; };
struct slot { char *name; int fd; };
struct conn { int fd; size_t len; bool waits; char line[PATH_MAX + 64]; };

static struct {
	enum state state;
	int lock, listener, control, sig, channel;
	pid_t daemon;
	struct child *children;
	struct slot *store;
	struct conn *conns;
	unsigned nchildren, nstore, nconns;
	int64_t start_at, kill_at;            /* 0: never */
	int64_t ready_at, failed_at, ends[FAILURES_MAX];
	unsigned restarts, nends, never_ready;
	bool asked;                           /* the daemon's end was asked for */
	char *build, *reason;
	struct buf reply;                     /* to the daemon, which does not read just now */
	int reply_fd;
	int64_t list_at;                      /* next entry of the list it asked for, -1 for none */
	rlim_t files;                         /* the soft limit children get back */
} h = { .lock = -1, .listener = -1, .control = -1, .sig = -1, .channel = -1, .reply_fd = -1, .list_at = -1 };

__attribute__((format(printf, 1, 2))) static void note(const char *fmt, ...)
{
	char when[32];
	time_t t = time(NULL);
	struct tm tm;
	va_list ap;
	strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
	fprintf(stderr, "%s ", when);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

/* ---- holder: namespaces -------------------------------------------------------------------------------------- */

struct range { unsigned long start, count; };

static unsigned parse_ranges(char *text, const char *name, const char *number, struct range *r, unsigned max)
{
	unsigned n = 0;
	char *rest = text;
	for (char *line; n < max && (line = strsep(&rest, "\n"));) {
		char *who = strsep(&line, ":");
		if (line && (!strcmp(who, name) || !strcmp(who, number)) &&
		    sscanf(line, "%lu:%lu", &r[n].start, &r[n].count) == 2 && r[n].count)
			n++;
	}
	return n;
}

/* Where the ids come from a name service instead of the files, getsubids knows them */
static unsigned ask_getsubids(const char *name, bool group, struct range *r, unsigned max)
{
	char *argv[] = { "getsubids", group ? "-g" : (char *)name, group ? (char *)name : NULL, NULL };
	struct buf b = { 0 };
	struct in none = { 0 };
	unsigned n = 0;
	int status = run_program(argv, &none, &b);
	put_u8(&b, 0);
	char *rest = (char *)b.p;
	for (char *line; !status && n < max && (line = strsep(&rest, "\n"));)
		if (sscanf(line, "%*u: %*s %lu %lu", &r[n].start, &r[n].count) == 2 && r[n].count)
			n++;
	free(b.p);
	return n;
}

static unsigned find_ranges(bool group, struct range *r)
{
	char number[16];
	struct passwd *pw = getpwuid(me.uid);
	char *text = read_file(group ? "/etc/subgid" : "/etc/subuid");
	const char *name = pw ? pw->pw_name : "";
	snprintf(number, sizeof number, "%u", me.uid);
	unsigned n = parse_ranges(text, name, number, r, MAX_RANGES);
	free(text);
	return n || !*name ? n : ask_getsubids(name, group, r, MAX_RANGES);
}

/* The first id of the range that stands in for real root: he himself is never in the namespace */
static unsigned root_base(bool group)
{
	static const char *const names[] = { "kelp", "root" };
	for (int i = 0; i < 2; i++) {
		struct range r[MAX_RANGES];
		char *text = read_file(group ? "/etc/subgid" : "/etc/subuid");
		unsigned n = parse_ranges(text, names[i], names[i], r, MAX_RANGES);
		free(text);
		for (unsigned k = 0; k < n; k++)
			if (r[k].count >= ROOT_COUNT)
				return (unsigned)r[k].start;
	}
	return ROOT_RANGE;
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) >= 0;
	int e = errno;
	shut(&fd);
	errno = e;
	return ok;
}

static bool map_by_tool(const char *tool, pid_t pid, unsigned self, bool group)
{
	struct range r[MAX_RANGES];
	struct buf out = { 0 };
	struct in none = { 0 };
	char *argv[3 * MAX_RANGES + 6];
	unsigned n = find_ranges(group, r), at = 0;
	unsigned long inside = 1;
	if (!n)
		return false;
	argv[at++] = (char *)tool;
	argv[at++] = format("%d", pid);
	argv[at++] = "0";
	argv[at++] = format("%u", self);
	argv[at++] = "1";
	for (unsigned i = 0; i < n; i++) {
		argv[at++] = format("%lu", inside);
		argv[at++] = format("%lu", r[i].start);
		argv[at++] = format("%lu", r[i].count);
		inside += r[i].count;
	}
	argv[at] = NULL;
	int status = run_program(argv, &none, &out);
	if (status)
		note("%s: exit code %d", tool, status);
	return status == 0;
}

/* The helper stays outside and writes the maps of the holder, from where the right to do so is. Its exit code has bit
 * 1 for the user map and bit 2 for the group map. */
__attribute__((noreturn)) static void map_helper(int go, pid_t pid)
{
	char path[64], text[64], byte;
	int done = 0;
	if (read(go, &byte, 1) != 1)
		_exit(0);
	if (me.real_root) {
		snprintf(path, sizeof path, "/proc/%d/uid_map", pid);
		snprintf(text, sizeof text, "0 %u %d\n", root_base(false), ROOT_COUNT);
		done |= write_file(path, text) ? 1 : 0;
		snprintf(path, sizeof path, "/proc/%d/gid_map", pid);
		snprintf(text, sizeof text, "0 %u %d\n", root_base(true), ROOT_COUNT);
		done |= write_file(path, text) ? 2 : 0;
	} else {
		done |= map_by_tool("newuidmap", pid, me.uid, false) ? 1 : 0;
		done |= done && map_by_tool("newgidmap", pid, me.gid, true) ? 2 : 0;
	}
	_exit(done);
}

static const char *userns_hint(int e)
{
	char *apparmor = read_file("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
	if (*apparmor == '1')
		return "AppArmor keeps user namespaces from programs without a profile: run kelp setup check";
	if (e == ENOSPC)
		return "raise the sysctl user.max_user_namespaces";
	if (e == EPERM)
		return "allow them: sysctl kernel.unprivileged_userns_clone=1; in a container, its seccomp profile may forbid them";
	return "run kelp setup check";
}

/* Root gives up being root: in the namespace it is 0, outside the first id of the range */
static void become_range_root(void)
{
	if (me.real_root && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
		fail(NULL, "change to the ids of the range: %s", errtext(errno));
	prctl(PR_SET_DUMPABLE, 1);
}

static void write_single_maps(int done)
{
	char text[64];
	if (me.real_root)
		fail("the range in /etc/subuid and /etc/subgid must be free and within the ids of this machine",
		     "write the id maps of the user namespace: the range was refused");
	note("ids: single: no subordinate ids, or newuidmap and newgidmap failed or are missing");
	snprintf(text, sizeof text, "0 %u 1\n", me.uid);
	if (!(done & 1) && !write_file("/proc/self/uid_map", text))
		fail(userns_hint(errno), "write /proc/self/uid_map: %s", errtext(errno));
	snprintf(text, sizeof text, "0 %u 1\n", me.gid);
	if (!write_file("/proc/self/setgroups", "deny") || !write_file("/proc/self/gid_map", text))
		fail(userns_hint(errno), "write /proc/self/gid_map: %s", errtext(errno));
}

static bool pure_cgroup2(void)
{
	struct statfs fs;
	return statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_MAGIC;
}

static void make_namespaces(void)
{
	int go[2], status = 0;
	bool hybrid = !pure_cgroup2();
	pid_t self = getpid();
	if (me.real_root && setgroups(0, NULL) < 0)
		fail(NULL, "drop the groups of root: %s", errtext(errno));
	prctl(PR_SET_DUMPABLE, 1);
	if (pipe2(go, O_CLOEXEC) < 0)
		fail(NULL, "create a pipe: %s", errtext(errno));
	pid_t helper = fork();
	if (helper == 0) {
		close(go[1]);
		map_helper(go[0], self);
	}
	if (helper < 0)
		fail(NULL, "fork: %s", errtext(errno));
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | (hybrid ? CLONE_NEWCGROUP : 0)) < 0)
		fail(userns_hint(errno), "create a user namespace: %s", errtext(errno));
	if (write(go[1], "g", 1) != 1 || waitpid(helper, &status, 0) < 0)
		fail(NULL, "write the id maps: %s", errtext(errno));
	close_all(go, 2);
	int done = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	if (done != 3)
		write_single_maps(done);
	become_range_root();
	if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		fail(userns_hint(errno), "make the mounts slaves: %s", errtext(errno));
	if (hybrid && mount("cgroup2", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		note("mount cgroup2 on /sys/fs/cgroup: %s", errtext(errno));
}

/* A monitor of an earlier holder: named conmon, and started with our run root in its arguments */
static bool is_monitor(long pid)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%ld/comm", pid);
	char *comm = read_file(path);
	bool is = strcmp(comm, "conmon\n") == 0;
	free(comm);
	snprintf(path, sizeof path, "/proc/%ld/cmdline", pid);
	char *cmdline = read_file(path), *end = cmdline + MAX_SMALL_FILE;
	bool ours = false;
	for (char *arg = cmdline; is && arg < end && *arg; arg += strlen(arg) + 1)
		ours |= strstr(arg, me.run) != NULL;
	free(cmdline);
	return is && ours;
}

static bool join_namespaces(long pid)
{
	static const struct { const char *name; int type; } ns[] = {
		{ "user", CLONE_NEWUSER }, { "mnt", CLONE_NEWNS }, { "cgroup", CLONE_NEWCGROUP } };
	int fds[3];
	char path[64];
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "/proc/%ld/ns/%s", pid, ns[i].name);
		fds[i] = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (fds[0] < 0 || fds[1] < 0 || !is_monitor(pid) || (me.real_root && setgroups(0, NULL) < 0) ||
	    setns(fds[0], CLONE_NEWUSER) < 0) {
		note("join the namespaces of monitor %ld: %s", pid, errtext(errno));
		for (int i = 0; i < 3; i++)
			shut(&fds[i]);
		return false;
	}
	become_range_root();
	if (setns(fds[1], CLONE_NEWNS) < 0)
		fail(NULL, "join the mount namespace of monitor %ld: %s", pid, errtext(errno));
	if (!pure_cgroup2() || fds[2] >= 0)       /* on a pure v2 host it is the host's own: refused, and the same */
		(void)!setns(fds[2], CLONE_NEWCGROUP);
	close_all(fds, 3);
	note("joined the namespaces of monitor %ld", pid);
	return true;
}

static bool join_monitor(void)
{
	char pattern[PATH_MAX];
	glob_t g;
	bool joined = false;
	set_path(pattern, "%s/containers/*/conmon.pid", me.run);
	if (glob(pattern, 0, NULL, &g) != 0)
		return false;
	for (size_t i = 0; i < g.gl_pathc && !joined; i++) {
		char *text = read_file(g.gl_pathv[i]);
		long pid = strtol(text, NULL, 10);
		joined = pid > 1 && is_monitor(pid) && join_namespaces(pid);
		free(text);
	}
	globfree(&g);
	return joined;
}

/* ---- holder: children ---------------------------------------------------------------------------------------- */

struct spawn {
	char **argv, **envp;
	const char *cwd;
	const int *fds;
	const uint32_t *targets;
	unsigned n, flags;
	int error;
};

/* Shares our memory (CLONE_VM) while we are suspended: an error is simply left in the structure. All descriptors are
 * first moved above every target, since one may stand where another has to go. */
static int spawn_child(void *arg)
{
	struct spawn *s = arg;
	struct rlimit files;
	int moved[MAX_PACKET_FDS + 3];
	uint32_t top = 2;
	sigset_t none;
	if (s->flags & SPAWN_WITH_HOLDER)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (s->flags & SPAWN_SETSID)
		setsid();
	for (unsigned i = 0; i < s->n; i++)
		top = s->targets[i] > top ? s->targets[i] : top;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (unsigned i = 0; i < s->n; i++)
		if (top >= INT_MAX || (moved[i] = fcntl(s->fds[i], F_DUPFD_CLOEXEC, (int)top + 1)) < 0)
			goto bad;
	syscall(NR_close_range, 3u, ~0u, RANGE_CLOEXEC);
	for (int fd = 0; fd < 3; fd++)
		if (dup2(null, fd) < 0)
			goto bad;
	for (unsigned i = 0; i < s->n; i++)
		if (dup2(moved[i], (int)s->targets[i]) < 0)
			goto bad;
	if (*s->cwd && chdir(s->cwd) < 0)
		goto bad;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = h.files;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(s->argv[0], s->argv, s->envp);
bad:
	s->error = errno ? errno : EINVAL;
	_exit(127);
}

/* The pid, or -errno when the program could not be executed */
static pid_t spawn(struct spawn *s, int *pidfd)
{
	static char stack[64 << 10] __attribute__((aligned(64)));
	s->error = 0;
	pid_t pid = clone(spawn_child, stack + sizeof stack,
			  CLONE_VM | CLONE_VFORK | CLONE_WITH_PIDFD | SIGCHLD, s, pidfd);
	if (pid < 0)
		return -errno;
	if (!s->error)
		return pid;
	close(*pidfd);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return -s->error;
}

static char *java_path(void)
{
	char *path = format("%s/java/bin/java", me.root), *file, *line;
	if (access(path, X_OK) == 0)
		return path;
	free(path);
	file = format("%s/lib/java.home", me.root);
	line = read_file(file);
	line[strcspn(line, "\n")] = 0;
	const char *home = *line ? line : env("KELP_JAVA_HOME") ? env("KELP_JAVA_HOME") : env("JAVA_HOME");
	path = format("%s/bin/java", home ? home : "/usr");
	free(file);
	free(line);
	return path;
}

struct strv { char **v; unsigned n; };

static void add(struct strv *v, char *s)
{
	v->v = need(realloc(v->v, (v->n + 2) * sizeof *v->v));
	v->v[v->n++] = s;
	v->v[v->n] = NULL;
}

static char *class_path(void)
{
	char *pattern = format("%s/lib/*.jar", me.root);
	struct buf b = { 0 };
	glob_t g;
	if (glob(pattern, 0, NULL, &g) == 0) {
		for (size_t i = 0; i < g.gl_pathc; i++) {
			if (i)
				put_u8(&b, ':');
			put_mem(&b, g.gl_pathv[i], strlen(g.gl_pathv[i]));
		}
		globfree(&g);
	}
	put_u8(&b, 0);
	free(pattern);
	return (char *)b.p;
}

static char *replace_root(const char *line)
{
	struct buf b = { 0 };
	for (const char *at; (at = strstr(line, "@ROOT@")); line = at + 6) {
		put_mem(&b, line, (size_t)(at - line));
		put_mem(&b, me.root, strlen(me.root));
	}
	put_mem(&b, line, strlen(line) + 1);
	return (char *)b.p;
}

static char **daemon_argv(void)
{
	struct strv v = { 0 };
	char *cache = format("%s/lib/kelpd.aot", me.root), *file = format("%s/lib/daemon.options", me.root);
	char *options = read_file(file), *rest = options;
	add(&v, java_path());
	add(&v, copy_string("-cp"));
	add(&v, class_path());
	if (access(cache, R_OK) == 0)
		add(&v, format("-XX:AOTCache=%s", cache));
	for (char *line; (line = strsep(&rest, "\n"));)
		if (*line && *line != '#')
			add(&v, replace_root(line));
	free(cache);
	free(file);
	free(options);
	return v.v;
}

/* The lines of an id map, joined by commas */
static char *id_map(const char *path)
{
	char *map = read_file(path), *rest = map, *all = copy_string("");
	unsigned long a, b, n;
	for (char *line; (line = strsep(&rest, "\n"));) {
		if (sscanf(line, "%lu %lu %lu", &a, &b, &n) != 3)
			continue;
		char *more = format("%s%s%lu %lu %lu", all, *all ? "," : "", a, b, n);
		free(all);
		all = more;
	}
	free(map);
	return all;
}

static char **daemon_env(void)
{
	static const char *const keep[] = { "PATH=", "HOME=", "LANG=", "XDG_RUNTIME_DIR=", "TMPDIR=" };
	static const char *const ours[] = { "KELP_DATA_ROOT=", "KELP_RUN_ROOT=", "KELP_ROOT=", "KELP_HOST_UID=",
		"KELP_HOST_GID=", "KELP_IDS=", "KELP_GIDS=" };
	struct strv v = { 0 };
	for (char **e = environ; *e; e++) {
		bool take = strncmp(*e, "KELP_", 5) == 0;
		for (size_t i = 0; i < sizeof keep / sizeof *keep; i++)
			take |= strncmp(*e, keep[i], strlen(keep[i])) == 0;
		for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
			take &= strncmp(*e, ours[i], strlen(ours[i])) != 0;
		if (take)
			add(&v, copy_string(*e));
	}
	char *ids = id_map("/proc/self/uid_map"), *gids = id_map("/proc/self/gid_map");
	add(&v, format("KELP_DATA_ROOT=%s", me.data));
	add(&v, format("KELP_RUN_ROOT=%s", me.run));
	add(&v, format("KELP_ROOT=%s", me.root));
	add(&v, format("KELP_HOST_UID=%u", me.uid));
	add(&v, format("KELP_HOST_GID=%u", me.gid));
	add(&v, format("KELP_IDS=%s", ids));
	add(&v, format("KELP_GIDS=%s", gids));
	free(ids);
	free(gids);
	return v.v;
}

static int open_log(const char *name)
{
	char path[PATH_MAX];
	struct stat st;
	set_path(path, "%s/%s", me.run, name);
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > MAX_LOG)
		(void)!ftruncate(fd, 0);
	return fd;
}

static char *build_of(const char *root)
{
	char *path = format("%s/build-id", root), *id = read_file(path);
	id[strcspn(id, "\n")] = 0;
	free(path);
	return id;
}

static void daemon_failed(char *reason);

static void start_daemon(void)
{
	static const uint32_t targets[] = { 1, 2, 3, 4 };
	int pair[2], log = open_log("daemon.log"), pidfd = -1;
	h.start_at = 0;
	if (log < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		int e = errno;
		shut(&log);
		return daemon_failed(format("open daemon.log or a channel: %s", errtext(e)));
	}
	int fds[] = { log, log, pair[1], h.listener };
	struct spawn s = { daemon_argv(), daemon_env(), "/", fds, targets, 4, SPAWN_WITH_HOLDER, 0 };
	pid_t pid = spawn(&s, &pidfd);
	close(log);
	close(pair[1]);
	free(h.build);
	h.build = build_of(me.root);
	if (pid < 0) {
		close(pair[0]);
		daemon_failed(format("execute %s: %s", s.argv[0], errtext(-pid)));
	} else {
		close(pidfd);
		h.daemon = pid;
		h.channel = pair[0];
		h.state = STARTING;
		h.asked = false;
		h.kill_at = 0;
		note("daemon %d started", pid);
	}
	free_strv(s.argv);
	free_strv(s.envp);
}

/* ---- holder: the daemon's life ------------------------------------------------------------------------------- */

static void answer(struct conn *k, const char *text)
{
	(void)!send(k->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
	close(k->fd);
	k->fd = -1;                           /* swept by the loop */
}

static void answer_waiting(const char *text)
{
	for (unsigned i = 0; i < h.nconns; i++)
		if (h.conns[i].fd >= 0 && h.conns[i].waits)
			answer(&h.conns[i], text);
}

/* Gives up until somebody asks. Requests that wait in the backlog are dropped, lest the next daemon runs the commands
 * of clients that have long reported the failure. */
static void daemon_failed(char *reason)
{
	struct pollfd p = { h.listener, POLLIN, 0 };
	int fd;
	free(h.reason);
	h.reason = reason;
	h.state = FAILED;
	h.failed_at = now_ms();
	note("daemon failed: %s", reason);
	answer_waiting(reason);
	while (poll(&p, 1, 0) > 0 && (fd = accept4(h.listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		close(fd);
}

static char *last_lines(int status)
{
	char path[PATH_MAX], text[2048];
	ssize_t n = 0;
	struct stat st;
	set_path(path, "%s/daemon.log", me.run);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0)
		n = pread(fd, text, sizeof text - 1, st.st_size > 2047 ? st.st_size - 2047 : 0);
	shut(&fd);
	text[n > 0 ? n : 0] = 0;
	char *from = text + strlen(text);
	for (int lines = 0; from > text && lines < 6; from--)
		lines += from[-1] == '\n';
	if (from > text)
		from++;
	bool killed = WIFSIGNALED(status);
	return format("the daemon ended by %s %d\n%s", killed ? "signal" : "exit code",
		      killed ? WTERMSIG(status) : WEXITSTATUS(status), from);
}

static void stop_daemon(void)
{
	h.asked = true;
	if (h.daemon > 0) {
		kill(h.daemon, SIGTERM);
		h.kill_at = now_ms() + STOP_MS;
	}
}

__attribute__((noreturn)) static void holder_end(void)
{
	answer_waiting("stopped\n");
	note("holder ends");
	exit(0);
}

/* New clients must find no socket, so that they wait for the lock instead of being cut off with this holder */
static void stop_holder(void)
{
	static const char *const names[] = { "kelp.sock", "holder.sock", "holder.pid" };
	char path[PATH_MAX];
	if (h.state == STOPPING)
		return;
	h.state = STOPPING;
	h.start_at = 0;
	for (int i = 0; i < 3; i++) {
		set_path(path, "%s/%s", me.run, names[i]);
		unlink(path);
	}
	stop_daemon();
	if (h.daemon <= 0)
		holder_end();
}

static void restart_daemon(void)
{
	if (h.state == STOPPING)
		return;
	h.state = RESTARTING;
	h.never_ready = h.nends = 0;
	if (h.daemon > 0) {
		stop_daemon();
	} else {
		start_daemon();
	}
}

static int64_t backoff(void)
{
	int64_t now = now_ms(), delay = BACKOFF_MS;
	unsigned recent = 0;
	for (unsigned i = 0; i < h.nends; i++)
		if (h.ends[i] > now - FAILURES_MS)
			h.ends[recent++] = h.ends[i];
	h.nends = recent;
	if (recent == FAILURES_MAX)
		return -1;
	h.ends[h.nends++] = now;
	if (recent == 0)
		return 0;
	while (--recent && delay < BACKOFF_MAX_MS)
		delay *= 2;
	return delay < BACKOFF_MAX_MS ? delay : BACKOFF_MAX_MS;
}

static void daemon_ended(int status)
{
	note("daemon %d ended, status %#x", h.daemon, (unsigned)status);
	h.daemon = 0;
	h.kill_at = 0;
	shut(&h.channel);
	shut(&h.reply_fd);
	h.reply.len = 0;
	h.list_at = -1;
	for (unsigned i = 0; i < h.nchildren; i++) {
		h.children[i].told = false;
		if (!h.children[i].ended && h.children[i].flags & SPAWN_WITH_DAEMON)
			kill(h.children[i].pid, SIGKILL);
	}
	if (h.state == STOPPING)
		holder_end();
	h.restarts++;
	if (h.asked)
		return start_daemon();
	h.never_ready = h.state == READY ? 0 : h.never_ready + 1;
	int64_t delay = backoff();
	if (delay < 0 || h.never_ready >= NEVER_READY_MAX)
		return daemon_failed(last_lines(status));
	h.state = RESTARTING;
	h.start_at = now_ms() + delay;
}

static void reap(void)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == h.daemon) {
			daemon_ended(status);
			continue;
		}
		for (unsigned i = 0; i < h.nchildren; i++) {
			if (h.children[i].pid != pid || h.children[i].ended)
				continue;
			h.children[i].ended = true;
			h.children[i].status = status;
			break;
		}
	}
}

/* ---- holder: the daemon's channel ---------------------------------------------------------------------------- */

/* False when the daemon's buffer is full; another error means that it is about to end */
static bool tell(const struct buf *b, int fd)
{
	struct iovec iov = { b->p, b->len };
	return send_fds(h.channel, &iov, 1, &fd, fd >= 0, MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

static bool tell_list(void)
{
	struct buf b = { 0 };
	bool sent = true;
	while (sent && h.list_at >= 0) {
		bool more = h.list_at < h.nstore;
		b.len = 0;
		put_u8(&b, more ? 'F' : 'E');
		if (more)
			put_str(&b, h.store[h.list_at].name);
		sent = tell(&b, more ? h.store[h.list_at].fd : -1);
		if (sent)
			h.list_at = more ? h.list_at + 1 : -1;
	}
	free(b.p);
	return sent;
}

/* Sends what there is to send; true when the daemon took all of it */
static bool tell_all(void)
{
	struct buf b = { 0 };
	bool sent = true;
	if (h.channel < 0)
		return true;
	if (h.reply.len) {
		if (!tell(&h.reply, h.reply_fd))
			return false;
		h.reply.len = 0;
		shut(&h.reply_fd);
	}
	if (!tell_list())
		return false;
	for (unsigned i = 0; h.state == READY && sent && i < h.nchildren; i++) {
		struct child *k = &h.children[i];
		if (!k->ended || k->told)
			continue;
		b.len = 0;
		put_u8(&b, 'W');
		put_str(&b, k->key);
		put_u32(&b, (uint32_t)k->pid);
		put_u32(&b, (uint32_t)k->status);
		sent = k->told = tell(&b, -1);
	}
	free(b.p);
	return sent;
}

static void forget_child(unsigned i)
{
	free(h.children[i].key);
	memmove(&h.children[i], &h.children[i + 1], (h.nchildren - i - 1) * sizeof *h.children);
	h.nchildren--;
}

static void add_child(struct child k)
{
	unsigned kept = 0, oldest = UINT_MAX;
	for (unsigned i = h.nchildren; i-- > 0;) {
		if (h.children[i].ended) {
			kept++;
			oldest = i;
		}
	}
	if (kept >= MAX_KEPT_EXITS)
		forget_child(oldest);
	h.children = need(realloc(h.children, (h.nchildren + 1) * sizeof k));
	h.children[h.nchildren++] = k;
}

static void drop(const char *name)
{
	for (unsigned i = 0; i < h.nstore; i++) {
		if (strcmp(h.store[i].name, name) != 0)
			continue;
		free(h.store[i].name);
		close(h.store[i].fd);
		memmove(&h.store[i], &h.store[i + 1], (h.nstore - i - 1) * sizeof *h.store);
		h.nstore--;
		return;
	}
}

static void keep(char *name, int fd)
{
	drop(name);
	if (h.nstore >= MAX_STORED) {
		note("store a descriptor: there are %d already", MAX_STORED);
		free(name);
		close(fd);
		return;
	}
	h.store = need(realloc(h.store, (h.nstore + 1) * sizeof *h.store));
	h.store[h.nstore++] = (struct slot){ name, fd };
}

static void handle_spawn(struct in *in, const int *fds, unsigned nfds)
{
	uint32_t id = get_u32(in), targets[MAX_PACKET_FDS];
	char *key = get_str(in);
	unsigned flags = get_u8(in) & (SPAWN_SETSID | SPAWN_WITH_DAEMON);
	char **argv = get_strv(in), **envp = get_strv(in);
	uint32_t n = get_u32(in);
	for (uint32_t i = 0; i < n && i < MAX_PACKET_FDS; i++)
		targets[i] = get_u32(in);
	char *cwd = get_str(in);
	if (n != nfds || !argv[0] || argv[0][0] != '/')
		in->bad = true;
	if (!in->bad) {
		int pidfd = -1;
		struct spawn s = { argv, envp, cwd, fds, targets, n, flags, 0 };
		pid_t pid = spawn(&s, &pidfd);
		put_u8(&h.reply, 'P');
		put_u32(&h.reply, id);
		put_u32(&h.reply, (uint32_t)pid);
		h.reply_fd = pid > 0 ? pidfd : -1;
		if (pid > 0)
			add_child((struct child){ copy_string(key), pid, flags, false, false, 0 });
	}
	free(key);
	free(cwd);
	free_strv(argv);
	free_strv(envp);
}

static void daemon_ready(void)
{
	h.state = h.state == STARTING ? READY : h.state;
	h.never_ready = 0;
	h.ready_at = now_ms();
	answer_waiting("ready\n");
}

/* Takes the descriptors it keeps out of *nfds */
static void handle_packet(struct in *in, int *fds, unsigned *nfds)
{
	char *s;
	switch (get_u8(in)) {
	case 'R':
		daemon_ready();
		break;
	case 'S':
		s = get_str(in);
		if (!in->bad && *nfds == 1) {
			keep(s, fds[0]);
			*nfds = 0;
		} else {
			in->bad = true;
			free(s);
		}
		break;
	case 'D':
		s = get_str(in);
		drop(s);
		free(s);
		break;
	case 'A':
		s = get_str(in);
		for (unsigned i = 0; i < h.nchildren; i++) {
			if (h.children[i].ended && strcmp(h.children[i].key, s) == 0) {
				forget_child(i);
				break;
			}
		}
		free(s);
		break;
	case 'L':
		h.list_at = 0;
		break;
	case 'X':
		handle_spawn(in, fds, *nfds);
		break;
	case 'Q':
		stop_holder();
		break;
	default:
		in->bad = true;
	}
}

static void read_channel(void)
{
	static unsigned char p[MAX_PACKET];
	int fds[MAX_PACKET_FDS];
	unsigned n = 0;
	ssize_t r = recv_fds(h.channel, p, sizeof p, fds, MAX_PACKET_FDS, &n, MSG_DONTWAIT);
	if (r < 0 && errno == EAGAIN)
		return;
	struct in in = { p, r > 0 ? (size_t)r : 0, r <= 0 };
	if (r > 0)
		handle_packet(&in, fds, &n);
	close_all(fds, n);
	if (!in.bad)
		return;
	if (r > 0 || (r < 0 && errno == EMSGSIZE)) {
		note("daemon sent a malformed message of type %d: it is ended", r > 0 ? p[0] : 0);
		kill(h.daemon, SIGKILL);
	}
	shut(&h.channel);                     /* what follows is the daemon's end, by itself or not */
	if (!h.kill_at)
		h.kill_at = now_ms() + STOP_MS;
}

/* ---- holder: re-execution in place --------------------------------------------------------------------------- */

#define STATE_MAGIC 0x31504c4bu               /* changes with the format; another one is refused before anything */

static void write_state(struct buf *b)
{
	put_u32(b, STATE_MAGIC);
	put_str(b, me.data);
	put_str(b, me.run);
	put_u32(b, me.uid);
	put_u32(b, me.gid);
	put_u32(b, me.real_root);
	put_u32(b, (uint32_t)h.lock);
	put_u32(b, (uint32_t)h.listener);
	put_u32(b, (uint32_t)h.control);
	put_u32(b, (uint32_t)h.channel);
	put_u32(b, (uint32_t)h.daemon);
	put_u32(b, h.restarts);
	put_u32(b, (uint32_t)h.files);
	put_u32(b, h.nchildren);
	for (unsigned i = 0; i < h.nchildren; i++) {
		put_str(b, h.children[i].key);
		put_u32(b, (uint32_t)h.children[i].pid);
		put_u32(b, h.children[i].flags);
		put_u32(b, h.children[i].ended);
		put_u32(b, (uint32_t)h.children[i].status);
	}
	put_u32(b, h.nstore);
	for (unsigned i = 0; i < h.nstore; i++) {
		put_str(b, h.store[i].name);
		put_u32(b, (uint32_t)h.store[i].fd);
	}
	put_u32(b, h.nconns);
	for (unsigned i = 0; i < h.nconns; i++)
		put_u32(b, h.conns[i].waits ? (uint32_t)h.conns[i].fd : UINT32_MAX);
}

static void add_conn(int fd, bool waits)
{
	h.conns = need(realloc(h.conns, (h.nconns + 1) * sizeof *h.conns));
	h.conns[h.nconns++] = (struct conn){ .fd = fd, .waits = waits };
}

static bool read_state(struct in *in)
{
	if (get_u32(in) != STATE_MAGIC)
		return false;
	char *data = get_str(in), *run = get_str(in);
	set_path(me.data, "%s", data);
	set_path(me.run, "%s", run);
	free(data);
	free(run);
	me.uid = get_u32(in);
	me.gid = get_u32(in);
	me.real_root = get_u32(in) != 0;
	h.lock = (int)get_u32(in);
	h.listener = (int)get_u32(in);
	h.control = (int)get_u32(in);
	h.channel = (int)get_u32(in);
	h.daemon = (pid_t)get_u32(in);
	h.restarts = get_u32(in);
	h.files = get_u32(in);
	for (uint32_t n = get_u32(in); n && !in->bad; n--) {
		struct child k = { .key = get_str(in) };
		k.pid = (pid_t)get_u32(in);
		k.flags = get_u32(in);
		k.ended = get_u32(in) != 0;
		k.status = (int)get_u32(in);
		add_child(k);
	}
	for (uint32_t n = get_u32(in); n && !in->bad; n--) {
		char *name = get_str(in);
		keep(name, (int)get_u32(in));
	}
	for (uint32_t n = get_u32(in); n && !in->bad; n--) {
		uint32_t fd = get_u32(in);
		if (fd != UINT32_MAX)
			add_conn((int)fd, true);
	}
	return !in->bad;
}

static void inherit_kept(bool yes)
{
	int one[] = { h.lock, h.listener, h.control, h.channel };
	for (unsigned i = 0; i < 4; i++)
		fcntl(one[i], F_SETFD, yes ? 0 : FD_CLOEXEC);
	for (unsigned i = 0; i < h.nstore; i++)
		fcntl(h.store[i].fd, F_SETFD, yes ? 0 : FD_CLOEXEC);
	for (unsigned i = 0; i < h.nconns; i++)
		if (h.conns[i].waits)
			fcntl(h.conns[i].fd, F_SETFD, yes ? 0 : FD_CLOEXEC);
}

/* Returns only when the new program could not be executed, with errno set */
static void execute_anew(const char *root)
{
	char *path = format("%s/bin/kelp", root), fd_text[16];
	char *argv[] = { "kelp-holder", "--holder", "resume", fd_text, "-", NULL };
	struct buf b = { 0 };
	int fd = memfd_create("kelp-state", 0);
	write_state(&b);
	snprintf(fd_text, sizeof fd_text, "%d", fd);
	if (fd >= 0 && write_all(fd, b.p, b.len)) {
		inherit_kept(true);
		execv(path, argv);
		int e = errno;
		inherit_kept(false);
		errno = e;
	}
	int e = errno;
	shut(&fd);
	free(b.p);
	free(path);
	errno = e;
}

/* ---- holder: control socket ---------------------------------------------------------------------------------- */

static void answer_status(struct conn *k)
{
	static const char *const names[] = { "starting", "ready", "restarting", "failed", "stopped" };
	unsigned long a, b, n, most = 0;
	char *map = read_file("/proc/self/uid_map"), *rest = map, ids[32] = "single";
	for (char *line; (line = strsep(&rest, "\n"));)
		if (sscanf(line, "%lu %lu %lu", &a, &b, &n) == 3 && n > most)
			most = n;
	if (most > 1)
		snprintf(ids, sizeof ids, "%lu", most);
	char *text = format("holder pid: %d\ndaemon pid: %d\nstate: %s\nrestarts: %u\nbuild id: %s\nroot: %s\nids: %s\n"
			    "descriptors: %u\nchildren: %u\nrun root: %s\ndata root: %s\n", getpid(), h.daemon,
			    names[h.state], h.restarts, h.build ? h.build : "", me.root, ids, h.nstore, h.nchildren,
			    me.run, me.data);
	answer(k, text);
	free(text);
	free(map);
}

static void handle_wait(struct conn *k)
{
	if (h.state == READY)
		return answer(k, "ready\n");
	if (h.state == STOPPING)
		return answer(k, "the holder is stopping\n");
	if (h.state == FAILED && now_ms() - h.failed_at < FRESH_FAILURE_MS)
		return answer(k, h.reason);
	k->waits = true;
	if (h.state == FAILED) {              /* somebody asks: one new try */
		h.never_ready = NEVER_READY_MAX - 1;
		h.nends = 0;
		start_daemon();
	}
}

/* Several clients of a new build may ask at once: only the first makes a change */
static void handle_upgrade(struct conn *k, const char *root)
{
	char *id = build_of(root);
	bool same = !strcmp(root, me.root) && h.state != FAILED && h.build && !strcmp(id, h.build);
	free(id);
	if (same)
		return handle_wait(k);
	k->waits = true;
	execute_anew(root);
	int e = errno;
	char *text = format("execute %s/bin/kelp: %s\n", root, errtext(e));
	note("%s", text);
	answer(k, text);
	free(text);
}

static void handle_line(struct conn *k, const char *line)
{
	if (strcmp(line, "status") == 0) {
		answer_status(k);
	} else if (strcmp(line, "wait") == 0) {
		handle_wait(k);
	} else if (strcmp(line, "restart") == 0) {
		k->waits = true;
		restart_daemon();
	} else if (strcmp(line, "stop") == 0) {
		k->waits = true;
		stop_holder();
	} else if (strncmp(line, "upgrade /", 9) == 0) {
		handle_upgrade(k, line + 8);
	} else {
		answer(k, "unknown request\n");
	}
}

static void read_conn(struct conn *k)
{
	ssize_t r = recv(k->fd, k->line + k->len, sizeof k->line - 1 - k->len, MSG_DONTWAIT);
	if (r < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	k->len += r > 0 ? (size_t)r : 0;
	k->line[k->len] = 0;
	char *end = strchr(k->line, '\n');
	if (r <= 0 || (!end && k->len == sizeof k->line - 1) || (k->waits && r > 0)) {
		shut(&k->fd);
	} else if (end) {
		*end = 0;
		handle_line(k, k->line);
	}
}

/* The folder keeps others out already. Host root has no id in the namespace of his range: he is the overflow id. */
static void accept_conn(void)
{
	struct ucred peer;
	socklen_t len = sizeof peer;
	int fd = accept4(h.control, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return;
	if (h.nconns >= MAX_CONTROL || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 ||
	    (peer.uid != geteuid() && !(me.real_root && peer.uid == 65534))) {
		close(fd);
		return;
	}
	add_conn(fd, false);
}

static void sweep_conns(void)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < h.nconns; i++)
		if (h.conns[i].fd >= 0)
			h.conns[kept++] = h.conns[i];
	h.nconns = kept;
}

/* ---- holder: start and loop ---------------------------------------------------------------------------------- */

static int listen_at(const char *name, int flags)
{
	struct sockaddr_un a;
	if (!sock_addr(&a, name))
		fail("set KELP_RUN_ROOT to a shorter path", "listen on %s/%s: file name too long", me.run, name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	unlink(a.sun_path);
	mode_t mask = umask(0177);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, SOMAXCONN) < 0)
		fail(NULL, "listen on %s: %s", a.sun_path, errtext(errno));
	umask(mask);
	return fd;
}

static void holder_signals(void)
{
	sigset_t set;
	for (int i = 1; i < 32; i++)
		signal(i, i == SIGPIPE ? SIG_IGN : SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	h.sig = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void holder_process(void)
{
	struct rlimit files = { 1024, 1024 };
	prctl(PR_SET_NAME, "kelp-holder");
	prctl(PR_SET_DUMPABLE, 1);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	umask(022);
	holder_signals();
	getrlimit(RLIMIT_NOFILE, &files);
	if (!h.files)
		h.files = files.rlim_cur;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	(void)!chdir("/");
}

static int holder_timeout(void)
{
	int64_t at = h.start_at && (!h.kill_at || h.start_at < h.kill_at) ? h.start_at : h.kill_at, now = now_ms();
	return !at ? -1 : at <= now ? 0 : (int)(at - now);
}

static void holder_timers(void)
{
	int64_t now = now_ms();
	if (h.kill_at && now >= h.kill_at) {
		h.kill_at = 0;
		if (h.daemon > 0)
			kill(h.daemon, SIGKILL);
	}
	if (h.start_at && now >= h.start_at)
		start_daemon();
}

static void read_signals(void)
{
	struct signalfd_siginfo s;
	while (read(h.sig, &s, sizeof s) == sizeof s)
		if (s.ssi_signo == SIGTERM)
			stop_holder();
	reap();
}

__attribute__((noreturn)) static void holder_loop(void)
{
	static struct pollfd p[3 + MAX_CONTROL];
	for (;;) {
		bool told = tell_all();
		unsigned n = h.nconns;
		p[0] = (struct pollfd){ h.sig, POLLIN, 0 };
		p[1] = (struct pollfd){ h.control, POLLIN, 0 };
		p[2] = (struct pollfd){ h.channel, told ? POLLIN : POLLOUT, 0 };
		for (unsigned i = 0; i < n; i++)
			p[3 + i] = (struct pollfd){ h.conns[i].fd, POLLIN, 0 };
		if (poll(p, 3 + n, holder_timeout()) < 0 && errno != EINTR)
			fail(NULL, "poll: %s", errtext(errno));
		if (p[2].revents && h.channel >= 0 && told)
			read_channel();
		if (p[0].revents)
			read_signals();
		for (unsigned i = 0; i < n; i++)
			if (p[3 + i].revents && h.conns[i].fd >= 0)
				read_conn(&h.conns[i]);
		if (p[1].revents)
			accept_conn();
		holder_timers();
		sweep_conns();
	}
}

static void open_stdio(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), log = open_log("holder.log");
	if (log < 0)
		fail(NULL, "open %s/holder.log: %s", me.run, errtext(errno));
	dup2(null, 0);
	dup2(log, 1);
	dup2(log, 2);
	shut(&null);
	shut(&log);
	setvbuf(stderr, NULL, _IOLBF, 0);
}

/* What root made for the holder belongs to the id it is going to be */
static void give_to_range(void)
{
	uid_t u = root_base(false);
	gid_t g = root_base(true);
	if (me.real_root && (chown(me.data, u, g) < 0 || chown(me.run, u, g) < 0 || fchown(h.lock, u, g) < 0 ||
			     fchown(2, u, g) < 0))
		fail(NULL, "give %s and %s to uid %u: %s", me.data, me.run, u, errtext(errno));
}

static void write_records(void)
{
	char path[PATH_MAX];
	set_path(path, "%s/holder.pid", me.run);
	FILE *f = fopen(path, "we");
	if (f) {
		fprintf(f, "%d\n", getpid());
		fclose(f);
	}
	if (ftruncate(h.lock, 0) < 0 || pwrite(h.lock, me.run, strlen(me.run), 0) < 0 ||
	    pwrite(h.lock, "\n", 1, (off_t)strlen(me.run)) < 0)
		fail(NULL, "write %s/lock: %s", me.data, errtext(errno));
}

__attribute__((noreturn)) static void holder_start(int lock, int to_client)
{
	fcntl(lock, F_SETFD, FD_CLOEXEC);
	fcntl(to_client, F_SETFD, FD_CLOEXEC);
	h.lock = lock;
	fail_to = fdopen(to_client, "w");
	find_paths();
	open_stdio();
	holder_process();
	give_to_range();
	if (!join_monitor())
		make_namespaces();
	h.listener = listen_at("kelp.sock", 0);
	h.control = listen_at("holder.sock", SOCK_NONBLOCK);
	write_records();
	note("holder %d started: data %s, run %s", getpid(), me.data, me.run);
	fclose(fail_to);                      /* the client goes on */
	fail_to = NULL;
	start_daemon();
	holder_loop();
}

/* In the new program after `upgrade`: the same process, children and descriptors; the daemon is replaced */
__attribute__((noreturn)) static void holder_resume(int fd)
{
	struct stat st = { 0 };
	fstat(fd, &st);
	unsigned char *p = need(malloc((size_t)st.st_size + 1));
	ssize_t n = pread(fd, p, (size_t)st.st_size, 0);
	struct in in = { p, n > 0 ? (size_t)n : 0, n < 0 };
	find_root();
	if (!read_state(&in))
		fail(NULL, "read the state of the holder: malformed");
	close(fd);
	free(p);
	inherit_kept(false);
	holder_process();
	note("holder %d goes on as %s", getpid(), me.root);
	restart_daemon();
	reap();
	holder_loop();
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[0], "kelp-holder") == 0 && strcmp(argv[1], "--holder") == 0) {
		if (strcmp(argv[2], "start") == 0)
			holder_start(atoi(argv[3]), atoi(argv[4]));
		if (strcmp(argv[2], "resume") == 0)
			holder_resume(atoi(argv[3]));
	}
	if (argc < 1)
		return EXIT_KELP;
	return client_main(argc, argv);
}
