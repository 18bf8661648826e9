#!/usr/bin/env python3
"""A basic agent: runs the commands that a BYOAI orchestrator sends. Needs nothing but Python 3.8 or newer.

AGENT_NAME, AGENT_HOST, AGENT_API_PORT   its name, and where it listens: 127.0.0.1, port 5000
BYOAI_TOKEN                              the orchestrator's token, or what that derives for this agent
"""
import base64, hashlib, hmac, json, os, select, signal, socket, subprocess, sys, tempfile, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAME = os.environ.get('AGENT_NAME') or socket.gethostname()
HOST = os.environ.get('AGENT_HOST') or '127.0.0.1'
PORT = int(os.environ.get('AGENT_API_PORT') or 5000)
TOKEN = os.environ.get('BYOAI_TOKEN') or ''
GRACE_SECONDS = 5  # between terminate and kill; the orchestrator waits 10 s after a task's timeout
OUTPUT_BYTES = 4 << 20  # of each stream; the orchestrator takes an answer of 16 MiB

derived = hmac.new(TOKEN.encode(), f'agent:{NAME}'.encode(), hashlib.sha256).digest()
BEARERS = [f'Bearer {token}'.encode() for token in (TOKEN, base64.urlsafe_b64encode(derived).decode().rstrip('='))]
running = set()  # commands, each the leader of a process group
starting = threading.Lock()  # a command that runs is among them, whenever somebody looks


class Agent(BaseHTTPRequestHandler):
    timeout = 30  # seconds for a request to arrive

    def do_GET(self):
        if self.path == '/health':
            self.reply(200, {'status': 'ok'})
        else:
            self.reply(404, {'detail': 'no such call'})

    def do_POST(self):
        bearer = self.headers.get('Authorization', '').encode()
        if self.path != '/task':
            return self.reply(404, {'detail': 'no such call'})
        # A list, so that all are compared: the time that it takes tells nothing.
        if TOKEN and not any([hmac.compare_digest(bearer, known) for known in BEARERS]):
            return self.reply(401, {'detail': 'no token, or a wrong one'})
        if 'Origin' in self.headers or self.headers.get_content_type() != 'application/json':
            return self.reply(403, {'detail': 'no web page may have commands run'})
        try:
            task = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
            answer = run(task['command'], task.get('env') or {}, task.get('working_dir'), task.get('timeout'), self.connection)
        except (KeyError, TypeError, ValueError) as error:
            return self.reply(400, {'detail': f'not a task: {error!r}'})
        self.reply(200, answer)

    def reply(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def run(script, env, working_dir, timeout, connection):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(('BYOAI_', 'AGENT_'))}
    # Files, not pipes: what a command leaves behind would keep a pipe open, and the agent waiting.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        try:
            with starting:
                command = subprocess.Popen(['sh', '-c', script], env={**inherited, **env}, cwd=working_dir, start_new_session=True,
                                           stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
                running.add(command)
        except OSError as error:
            return {'status': 'error', 'message': f'cannot be started: {error}\n'}
        reason = wait(command, timeout, connection)
        running.discard(command)
        status = 'success' if command.returncode == 0 and not reason else 'error'
        return {'status': status, 'output': text(output), 'message': text(errors) + reason, 'returncode': command.returncode}


def wait(command, timeout, connection):
    """Waits for the command's end; ends it when its time is over, or when nobody waits for the answer, and says so."""
    deadline = time.monotonic() + (timeout or float('inf'))
    reason = ''
    while command.poll() is None and not reason:
        try:
            command.wait(max(0, min(1, deadline - time.monotonic())))
        except subprocess.TimeoutExpired:
            if time.monotonic() >= deadline:
                reason = f'ended after its timeout of {timeout} s\n'
            elif select.select([connection], [], [], 0)[0] and not connection.recv(1, socket.MSG_PEEK):
                reason = 'ended: the request was given up\n'
    if reason:
        signal_group(command, signal.SIGTERM)
        try:
            command.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            pass
    signal_group(command, signal.SIGKILL)  # also what it left behind
    command.wait()
    return reason


def signal_group(command, number):
    try:
        os.killpg(command.pid, number)
    except ProcessLookupError:
        pass  # all of it has ended


def text(file):
    file.seek(0)
    start = file.read(OUTPUT_BYTES).decode(errors='replace')
    return start + f'\n[the rest is left out: more than {OUTPUT_BYTES} bytes]\n' if file.read(1) else start


def stop(*_):
    with starting:  # and nothing starts any more
        for command in list(running):
            signal_group(command, signal.SIGKILL)
        os._exit(0)


if not TOKEN and HOST not in ('127.0.0.1', 'localhost'):
    sys.exit(f'whoever reaches {HOST} could run commands here: set BYOAI_TOKEN')
signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)
server = ThreadingHTTPServer((HOST, PORT), Agent)
print(f'{NAME} listens on http://{HOST}:{server.server_port}', flush=True)
server.serve_forever()
