# SPDX-License-Identifier: Apache-2.0
# The holder's side of native/PROTOCOL.md section 3 and nothing else, for tests: it makes no namespaces and its daemons
# connect to the socket named on the command line, one after the other.
import array, ctypes, os, select, signal, socket, struct, sys

libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG: a test JVM that dies takes it along

listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind(sys.argv[1])
listener.listen(1)
wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
signal.set_wakeup_fd(wake_write)
signal.signal(signal.SIGCHLD, lambda *_: None)

store = {}
children = {}  # pid -> key
ended = []     # (key, pid, status), until acknowledged


class Packet:
    def __init__(self, data):
        self.data, self.at = data, 1

    def u8(self):
        self.at += 1
        return self.data[self.at - 1]

    def u32(self):
        self.at += 4
        return struct.unpack_from('<I', self.data, self.at - 4)[0]

    def string(self):
        n = self.u32()
        self.at += n
        return self.data[self.at - n:self.at]

    def strings(self):
        return [self.string() for _ in range(self.u32())]


def string(b):
    return struct.pack('<I', len(b)) + b


def send(peer, data, fds=()):
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', fds))] if fds else []
    peer.sendmsg([data], ancillary)


def spawn(key, flags, argv, environment, targets, cwd, fds):
    error_read, error_write = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        try:
            if flags & 1:
                os.setsid()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            top = max([2, *targets]) + 1
            import fcntl
            moved = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, top) for fd in fds]
            error = fcntl.fcntl(error_write, fcntl.F_DUPFD_CLOEXEC, top)
            null = os.open('/dev/null', os.O_RDWR | os.O_CLOEXEC)
            for fd in range(3):
                os.dup2(null, fd)
            for fd, target in zip(moved, targets):
                os.dup2(fd, target, True)
            os.chdir(cwd or b'/')
            pairs = [e.split(b'=', 1) for e in environment]
            os.execve(argv[0], argv, {p[0]: p[1] for p in pairs if len(p) == 2})
        except OSError as e:
            os.write(error, struct.pack('<I', e.errno))
        os._exit(127)
    os.close(error_write)
    problem = os.read(error_read, 4)
    os.close(error_read)
    if problem:
        os.waitpid(pid, 0)
        return -struct.unpack('<I', problem)[0]
    children[pid] = key
    return pid


def reap(peer):
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        key = children.pop(pid, None)
        if key is not None:
            ended.append((key, pid, status))
            if peer:
                tell(peer, ended[-1])


def tell(peer, end):
    try:
        send(peer, b'W' + string(end[0]) + struct.pack('<iI', end[1], end[2]))
    except OSError:
        pass


def handle(peer, data, fds):
    packet, kind = Packet(data), data[:1]
    if kind == b'R':
        for end in ended:
            tell(peer, end)
    elif kind == b'S':
        name = packet.string()
        if name in store:
            os.close(store[name])
        store[name] = fds.pop()
    elif kind == b'D':
        fd = store.pop(packet.string(), None)
        if fd is not None:
            os.close(fd)
    elif kind == b'L':
        for name, fd in store.items():
            send(peer, b'F' + string(name), [fd])
        send(peer, b'E')
    elif kind == b'A':
        key = packet.string()
        for end in ended:
            if end[0] == key:
                ended.remove(end)
                break
    elif kind == b'X':
        number, key, flags = packet.u32(), packet.string(), packet.u8()
        argv, environment = packet.strings(), packet.strings()
        targets = [packet.u32() for _ in range(packet.u32())]
        pid = spawn(key, flags, argv, environment, targets, packet.string(), fds)
        answer = b'P' + struct.pack('<Ii', number, pid)
        if pid > 0:
            pidfd = os.pidfd_open(pid)
            send(peer, answer, [pidfd])
            os.close(pidfd)
        else:
            send(peer, answer)
    elif kind == b'Q':
        sys.exit(0)


def serve(peer):
    while True:
        ready, _, _ = select.select([peer, wake_read], [], [])
        if wake_read in ready:
            os.read(wake_read, 4096)
            reap(peer)
        if peer in ready:
            data, ancillary, _, _ = peer.recvmsg(128 << 10, 4096, socket.MSG_CMSG_CLOEXEC)
            fds = array.array('i')
            for _, _, payload in ancillary:
                fds.frombytes(payload)
            fds = list(fds)
            if not data:
                return
            try:
                handle(peer, data, fds)
            finally:
                for fd in fds:
                    os.close(fd)


print('listening', flush=True)
while True:
    ready, _, _ = select.select([listener, wake_read], [], [])
    if wake_read in ready:
        os.read(wake_read, 4096)
        reap(None)
    if listener in ready:
        daemon, _ = listener.accept()
        os.set_inheritable(daemon.fileno(), False)
        try:
            serve(daemon)
        except (BrokenPipeError, ConnectionResetError):
            pass
        daemon.close()
