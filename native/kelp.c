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

/* Ends the client: "kelp: error: …", then the hint when there is one */
__attribute__((format(printf, 2, 3), noreturn)) static void fail(const char *hint, const char *fmt, ...)
{
	va_list ap;
	tty_leave();
	va_start(ap, fmt);
	fputs("kelp: error: ", stderr);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	if (hint)
		fprintf(stderr, "hint: %s\n", hint);
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
