"""A headless Chromium that tests look at pages with, spoken to by its DevTools protocol over a pair of pipes."""
import base64
import json
import os
import select
import shutil
import subprocess
import time
from contextlib import contextmanager

__all__ = ['Page', 'chromium', 'chromium_problem', 'open_page']

NAMES = 'chromium', 'chromium-browser', 'google-chrome'
OPTIONS = ['--headless=new', '--remote-debugging-pipe', '--no-sandbox', '--disable-gpu', '--hide-scrollbars',
           '--no-first-run', '--disable-extensions', '--disable-background-networking', '--disable-dev-shm-usage',
           '--force-color-profile=srgb']


def chromium_problem():
    """Why no page can be looked at here, or None."""
    if os.name != 'posix':
        return 'the pipes to Chromium are those of POSIX'
    return None if any(map(shutil.which, NAMES)) else 'no Chromium is installed (Debian: apt-get install chromium)'


@contextmanager
def chromium(folder):
    """A browser with its profile in a folder; gives what `open_page` opens pages with."""
    path = next(filter(None, map(shutil.which, NAMES)))
    (to_read, commands), (answers, to_write) = os.pipe(), os.pipe()
    started = 'exec "$0" "$@" 3<&{} 4>&{}'.format(to_read, to_write)
    with open(os.path.join(str(folder), 'chromium.log'), 'wb') as log:
        process = subprocess.Popen(
            ['bash', '-c', started, path, *OPTIONS, '--user-data-dir={}'.format(os.path.join(str(folder), 'profile'))],
            pass_fds=(to_read, to_write), stdout=log, stderr=log)
    os.close(to_read)
    os.close(to_write)
    with os.fdopen(commands, 'wb', buffering=0) as commands, os.fdopen(answers, 'rb') as answers:
        try:
            yield _Protocol(commands, answers)
        finally:
            process.kill()
            process.wait()


def open_page(browser, path, width=1200, height=900, dark=False, phone=False, media=''):
    """Open a file with the network off, and wait until it is drawn."""
    target = browser.call('Target.createTarget', url='about:blank')['targetId']
    page = Page(browser, browser.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId'])
    for domain in ('Page', 'Runtime', 'Log', 'Network'):
        page.call(domain + '.enable')
    page.call('Network.emulateNetworkConditions', offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)
    page.call('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=1, mobile=phone)
    page.set_media(dark, media)
    page.call('Page.navigate', url='file://' + os.path.abspath(str(path)))
    page.wait_for("document.readyState === 'complete'")
    return page


class _Protocol:
    """Commands and their answers; what comes unasked is kept by session."""

    def __init__(self, commands, answers):
        self._commands, self._answers, self._last, self._rest, self.events = commands, answers, 0, b'', []

    def call(self, method, session=None, **params):
        self._last += 1
        message = {'id': self._last, 'method': method, 'params': params, **({'sessionId': session} if session else {})}
        self._commands.write(json.dumps(message).encode() + b'\0')
        while True:
            answer = self._next()
            if answer.get('id') == self._last:
                assert 'error' not in answer, (method, answer)
                return answer['result']
            self.events.append(answer)

    def _next(self):
        while b'\0' not in self._rest:
            assert select.select([self._answers], [], [], 60)[0], 'Chromium says nothing'
            part = os.read(self._answers.fileno(), 1 << 20)
            assert part, 'Chromium has ended'
            self._rest += part
        message, _, self._rest = self._rest.partition(b'\0')
        return json.loads(message.decode())


class Page:
    """A tab of the browser."""

    def __init__(self, browser, session):
        self._browser, self._session = browser, session

    def call(self, method, **params):
        """A command of the DevTools protocol."""
        return self._browser.call(method, self._session, **params)

    def run(self, script):
        """The value of an expression in JavaScript."""
        found = self.call('Runtime.evaluate', expression=script, returnByValue=True, awaitPromise=True)
        assert 'exceptionDetails' not in found, found['exceptionDetails']
        return found['result'].get('value')

    def wait_for(self, script, seconds=20):
        """Until an expression is true."""
        end = time.monotonic() + seconds
        while not self.run(script):
            assert time.monotonic() < end, script
            time.sleep(0.03)

    def set_media(self, dark=False, media=''):
        """The colour scheme, and 'print' or ''."""
        self.call('Emulation.setEmulatedMedia', media=media, features=[
            {'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'}])

    def box(self, selector):
        """(x, y, width, height) of an element in the window, scrolled into view."""
        return self.run("(() => {{ const e = document.querySelector({!r}); e.scrollIntoView({{block: 'center'}});"
                        'const b = e.getBoundingClientRect(); return [b.x, b.y, b.width, b.height] }})()'.format(
                            selector))

    def move(self, x, y):
        """The mouse."""
        self.call('Input.dispatchMouseEvent', type='mouseMoved', x=x, y=y)

    def click(self, selector):
        """The middle of an element."""
        x, y, width, height = self.box(selector)
        for kind in ('mousePressed', 'mouseReleased'):
            self.call('Input.dispatchMouseEvent', type=kind, x=x + width / 2, y=y + height / 2, button='left',
                      clickCount=1)

    def press(self, key, code=0, text=''):
        """A key, by its name and code."""
        for kind in ('keyDown', 'keyUp'):
            self.call('Input.dispatchKeyEvent', type=kind, key=key, code=key, windowsVirtualKeyCode=code,
                      **({'text': text} if kind == 'keyDown' and text else {}))

    def complaints(self):
        """What the console got beside plain lines: errors, warnings, exceptions, what was refused or asked for."""
        self.run('1')
        found = []
        for event in self._browser.events:
            if event.get('sessionId') != self._session:
                continue
            method, params = event['method'], event['params']
            if method == 'Runtime.exceptionThrown':
                details = params['exceptionDetails']
                found.append(details.get('exception', {}).get('description') or details['text'])
            elif method == 'Runtime.consoleAPICalled' and params['type'] in ('error', 'warning', 'assert'):
                found.append(' '.join(str(arg.get('value', arg.get('description'))) for arg in params['args']))
            elif method == 'Log.entryAdded' and params['entry']['level'] in ('error', 'warning'):
                found.append(params['entry']['text'])
            elif method == 'Page.javascriptDialogOpening':
                found.append('dialog: ' + params['message'])
            elif method == 'Network.requestWillBeSent' and not params['request']['url'].startswith(
                    ('file:', 'data:', 'about:')):
                found.append('asked for ' + params['request']['url'])
        return found

    def screenshot(self, path, whole=False):
        """The window, or the whole page, as a PNG file."""
        size = self.call('Page.getLayoutMetrics')['cssContentSize']
        more = {'captureBeyondViewport': True, 'clip': {'x': 0, 'y': 0, 'width': size['width'],
                                                        'height': size['height'], 'scale': 1}} if whole else {}
        with open(str(path), 'wb') as file:
            file.write(base64.b64decode(self.call('Page.captureScreenshot', format='png', **more)['data']))
