#!/usr/bin/env python3
"""An agent that dials its BYOAI orchestrator, by the agent protocol. Needs nothing but Python 3.8 or newer.

ORCHESTRATOR_URL          the orchestrator: http://127.0.0.1:5001
AGENT_NAME, AGENT_SLOTS   its name, and how many attempts it runs at once: the host's name, 1
BYOAI_TOKEN               the orchestrator's token, where it has one
"""
import base64, json, os, signal, socket, subprocess, sys, threading, time, urllib.error, urllib.request, uuid

URL = (os.environ.get('ORCHESTRATOR_URL') or 'http://127.0.0.1:5001').rstrip('/')
NAME = os.environ.get('AGENT_NAME') or socket.gethostname()
SLOTS = int(os.environ.get('AGENT_SLOTS') or 1)
TOKEN = os.environ.get('BYOAI_TOKEN') or ''
SESSION = str(uuid.uuid4())  # of this start of the program
IDLE_MS, BUSY_MS = 10_000, 300  # how long an answer may be held: output and ends are told with the next Report
REPORT_BYTES = 1 << 20  # of output in one Report; the orchestrator takes 16 MiB with all around it
KEPT_BYTES = 16 << 20  # of output that the orchestrator has not got yet; then the command waits in its writes
KILL_SECONDS = 10  # before the end of its lease the agent begins to end what runs

changed = threading.Condition()  # guards what follows, and all of an attempt but its process
attempts = {}  # by run, task and number: what was received and is not settled yet
over = threading.Timer(0, lambda: None)  # goes off shortly before the lease ends
leaving = starting = False


class Attempt:
    def __init__(self, ref, outcome=None):
        self.ref, self.outcome = ref, outcome
        self.ending = None  # how it is to end, when somebody ends it
        self.sent, self.total = 0, 0  # bytes of output: those that the orchestrator has, and all
        self.pieces = []  # from `sent` on: stream, time, bytes

    def start(self, start):
        self.begun, self.grace = time.monotonic(), start['graceMs'] / 1000
        command, shell = start['command'], start.get('shell')
        script = command if isinstance(command, str) else '\n'.join(command)
        argv = [*(shell or (['sh', '-c'] if isinstance(command, str) else ['sh', '-ec'])), script]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(('BYOAI_', 'AGENT_'))}
        try:
            self.process = subprocess.Popen(argv, env={**inherited, **start['env']}, cwd=start.get('workingDir'), start_new_session=True,
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except (OSError, ValueError) as error:
            self.outcome = {'status': 'failed', 'reason': f'cannot be started: {error}'}
            return
        timeout = start.get('timeoutMs')
        threading.Thread(target=self.follow, args=(timeout and timeout / 1000,), daemon=True).start()

    def follow(self, timeout):
        pipes = {'stdout': self.process.stdout, 'stderr': self.process.stderr}
        readers = [threading.Thread(target=self.read, args=pipe, daemon=True) for pipe in pipes.items()]
        for reader in readers:
            reader.start()
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.end('timed_out')
        code = self.process.wait()
        signal_group(self.process, signal.SIGKILL)  # also what it left behind, so that the pipes end
        for reader in readers:
            reader.join()
        how = {'exitCode': code} if code >= 0 else {'signal': signal.Signals(-code).name}
        duration = round((time.monotonic() - self.begun) * 1000)
        with changed:
            status = self.ending or ('succeeded' if code == 0 else 'failed')
            self.outcome = {'status': status, **how, 'durationMs': duration}
            changed.notify_all()

    def read(self, stream, pipe):
        while data := pipe.read1(1 << 16):
            with changed:
                changed.wait_for(lambda: self.total - self.sent < KEPT_BYTES)
                self.pieces.append((stream, round(time.time() * 1000), data))
                self.total += len(data)

    def end(self, status):
        """Has it end: with SIGTERM, and after its grace with SIGKILL; before the end of the lease, when it is `lost`."""
        with changed:
            if self.outcome or (self.ending and status != 'lost'):
                return
            self.ending = self.ending or status
        signal_group(self.process, signal.SIGTERM)
        grace = min(self.grace, KILL_SECONDS - 1) if status == 'lost' else self.grace
        killer = threading.Timer(grace, signal_group, (self.process, signal.SIGKILL))
        killer.daemon = True
        killer.start()

    def settle_output(self, offset):
        """The orchestrator has the output up to there."""
        while self.sent < offset and self.pieces:
            stream, at, data = self.pieces.pop(0)
            taken = min(len(data), offset - self.sent)
            self.sent += taken
            if taken < len(data):
                self.pieces.insert(0, (stream, at, data[taken:]))
        changed.notify_all()

    def output(self, room):
        chunks = []
        for stream, at, data in self.pieces:
            if room <= 0:
                break
            chunks.append({'stream': stream, 'at': at, 'data': base64.b64encode(data).decode()})
            room -= len(data)
        return chunks


def signal_group(process, number):
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        pass  # all of it has ended


def key(ref):
    return (ref['run'], ref['task'], ref['attempt'])


def report(number, wait_ms):
    """What is, not what changed: so it does no harm when a Report is lost."""
    with changed:
        known = list(attempts.values())
        running = [attempt for attempt in known if not attempt.outcome]
        room = REPORT_BYTES // max(1, len(known))
        return {
            'session': SESSION,
            'number': number,
            'held': [attempt.ref for attempt in known],
            'free': 0 if leaving else max(0, SLOTS - len(running)),
            'outcomes': [{'ref': each.ref, 'outcome': each.outcome, 'logBytes': each.total} for each in known if each.outcome],
            'logs': [{'ref': each.ref, 'offset': each.sent, 'chunks': each.output(room)} for each in known if each.pieces],
            'waitMs': BUSY_MS if known and wait_ms else wait_ms,
        }


def apply(orders, sent_at):
    """Does what the orchestrator wants; from `sent_at` on its lease counts."""
    global over, starting
    left = sent_at + orders['leaseMs'] / 1000 - KILL_SECONDS - time.monotonic()
    if left <= 0:
        return  # they come too late: what they would start is sent again
    over.cancel()
    over = threading.Timer(left, end_all)
    over.daemon = True
    over.start()
    with changed:
        for log in orders['acknowledged']['logs']:
            if key(log['ref']) in attempts:
                attempts[key(log['ref'])].settle_output(log['offset'])
        for ref in orders['acknowledged']['outcomes']:
            attempts.pop(key(ref), None)
    for ref in orders['stop']:
        if key(ref) in attempts:
            attempts[key(ref)].end('cancelled')
        else:  # a `start` that was lost on its way must not begin it now
            attempts[key(ref)] = Attempt(ref, {'status': 'cancelled'})
    starting = True
    for start in orders['start']:
        if key(start['ref']) not in attempts and not leaving:
            with changed:  # nobody ends it before there is a process
                attempt = attempts[key(start['ref'])] = Attempt(start['ref'])
                attempt.start(start)
    starting = False


def end_all():
    """Nobody waits for it any more: by the end of the lease it counts as lost, and may be tried again elsewhere."""
    with changed:
        for attempt in list(attempts.values()):
            attempt.end('lost')


def call(path, body, timeout=30.0):
    headers = {'Content-Type': 'application/json', **({'Authorization': f'Bearer {TOKEN}'} if TOKEN else {})}
    request = urllib.request.Request(URL + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=timeout) as reply:
        return json.load(reply)


def exchange(number, wait_ms=IDLE_MS):
    said, sent_at = report(number, wait_ms), time.monotonic()
    orders = call(f'/v1/agents/{NAME}/exchange', said, said['waitMs'] / 1000 + 30)
    if orders['session'] == SESSION and orders['answers'] == number:
        apply(orders, sent_at)


def main():
    number, trouble, is_known = 0, '', False
    while not leaving:
        try:
            if not is_known:
                call('/register', {'name': NAME, 'type': 'python', 'mode': 'pull', 'slots': SLOTS})
                print(f'{NAME} is registered at {URL}', flush=True)
                is_known = True
            number += 1
            exchange(number)
            trouble = ''
            continue
        except urllib.error.HTTPError as error:
            news = f'{error.code} {error.read(500).decode(errors="replace")}'
            if error.code == 409:  # a newer start has the name, or it is the orchestrator's own
                sys.exit(news)
            is_known = is_known and error.code != 404  # somebody removed it
        except (OSError, ValueError) as error:  # it is away: what runs goes on until the lease ends
            news = str(error)
        if news != trouble:
            print(f'no answer from {URL}, trying again: {news}', file=sys.stderr, flush=True)
        trouble = news
        time.sleep(1)


def stop(*_):
    """Once; and not in the midst of a start, which would leave a process that nobody knows."""
    global leaving
    if not leaving:
        leaving = True
        if not starting:
            sys.exit(0)


signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)
try:
    main()
finally:
    leaving = True
    end_all()
    with changed:
        changed.wait_for(lambda: all(attempt.outcome for attempt in attempts.values()), timeout=KILL_SECONDS)
    for attempt in attempts.values():
        if not attempt.outcome:
            signal_group(attempt.process, signal.SIGKILL)
    try:
        exchange(1 << 30, 0)
    except (OSError, ValueError):
        pass  # it learns by the end of the lease
