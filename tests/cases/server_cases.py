"""A server of files on this machine that misbehaves as it is asked to."""
import http.server
import re
import threading
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

ENDLESS = 1 << 22  # bytes of the endless answer


@contextmanager
def serving(files):
    """(address, log, go on) of a server of {name: bytes}; at `address(kind)`/name it behaves so:

    good: as it should, ranges included; norange: without ranges; shifted: ranges begin one byte too early; absent: 404;
    short: ends after half; drips: 20 bytes a second, for two; wrong: zeros; moved: a redirect to good; silent: never
    answers; stalls: no more after half;
    waits: goes on after half when `go on`, an Event, is set; endless: more and more, of no stated length.
    `log` gets (kind, name, Range header) of each request.
    """
    log, go_on = [], threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            kind, name = urlsplit(self.path).path.split('/')[-2:]  # a proxy is asked for the whole address
            log.append((kind, name, self.headers['Range']))
            if kind == 'silent':
                go_on.wait(3)
            elif kind == 'absent':
                self.send_error(404)
            elif kind == 'moved':
                self.send_response(302)
                self.send_header('Location', '/good/' + name)
                self.end_headers()
            elif kind == 'endless':
                self.send_response(200)
                self.end_headers()
                self.wfile.write(bytes(ENDLESS))
            else:
                self.send(kind, files[name] if kind != 'wrong' else bytes(len(files[name])))

        def send(self, kind, body):
            asked = re.fullmatch(r'bytes=(\d+)-', self.headers['Range'] or '') if kind != 'norange' else None
            begin = int(asked.group(1)) if asked else 0
            if asked and begin >= len(body):
                self.send_error(416)
                return
            begin -= 1 if asked and kind == 'shifted' else 0
            self.send_response(206 if asked else 200)
            self.send_header('Content-Length', str(len(body) - begin))
            if asked:
                self.send_header('Content-Range', 'bytes {}-{}/{}'.format(begin, len(body) - 1, len(body)))
            self.end_headers()
            if kind == 'drips':
                for i in range(begin, begin + 40):
                    self.wfile.write(body[i:i + 1])
                    time.sleep(0.05)
                return
            half = (len(body) - begin) // 2 if kind in ('short', 'stalls', 'waits') else len(body)
            self.wfile.write(body[begin:begin + half])
            if kind == 'stalls':
                time.sleep(1)
            if kind == 'waits':
                self.wfile.flush()
                go_on.wait(60)
                self.wfile.write(body[begin + half:])

        def log_message(self, *args):
            """Nothing goes to stderr: the tests look at `log`."""

        def handle(self):
            try:
                super().handle()
            except ConnectionError:
                """The client has left, as a client may."""

    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield 'http://127.0.0.1:{}/{{}}/'.format(server.server_address[1]).format, log, go_on
    finally:
        go_on.set()
        server.shutdown()
        server.server_close()
