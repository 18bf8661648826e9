"""A basic agent with a single thread: answers GET /health and POST /task on the port it is given."""

import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Agent(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer({"status": "healthy"})

    def do_POST(self):
        task = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        env = {**os.environ, **task.get("env", {})}
        done = subprocess.run(["sh", "-c", task["command"]], env=env, capture_output=True, text=True, cwd=task.get("working_dir"))
        status = "success" if done.returncode == 0 else "error"
        self.answer({"status": status, "output": done.stdout, "returncode": done.returncode, "message": done.stderr})

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Agent)
print(server.server_port, flush=True)
server.serve_forever()
