# SPDX-License-Identifier: MIT
"""Chromium without a window, told what to do through its debugging pipe."""
import base64
import fcntl
import json
import os

from programs import LIMIT_S, in_time

FLAGS = "--headless --no-sandbox --disable-gpu --no-first-run --mute-audio --window-size=640,480"


class Chromium:
    """One tab."""

    def __init__(self, start, folder):
        commands, self._commands = os.pipe()
        self._answers, answers = os.pipe()
        # Where it looks for the pipes' other ends; out of the way of these numbers first.
        ends = {3: _above_ten(commands), 4: _above_ten(answers)}

        def pass_on():
            for wanted, number in ends.items():
                os.dup2(number, wanted)

        words = ["chromium", *FLAGS.split(), "--remote-debugging-pipe"]
        words += [f"--user-data-dir={folder}/chromium", "about:blank"]
        self.program = start(words, pass_fds=list(ends), preexec_fn=pass_on)
        for number in ends.values():
            os.close(number)
        self._reading = os.fdopen(self._answers, "rb")
        self._count = 0
        self._session = {}
        tabs = self.ask("Target.getTargets")["targetInfos"]
        tab = next(info["targetId"] for info in tabs if info["type"] == "page")
        attached = self.ask("Target.attachToTarget", targetId=tab, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}

    def close(self):
        """It ends with its pipe."""
        os.close(self._commands)
        self._reading.close()

    def ask(self, method, **parameters):
        self._count += 1
        question = {"id": self._count, "method": method, "params": parameters, **self._session}
        os.write(self._commands, json.dumps(question).encode() + b"\0")
        return in_time(self._answer, self._count)

    def _answer(self, number):
        """Events come in between."""
        while True:
            message = b"".join(iter(lambda: self._reading.read(1), b"\0"))
            answer = json.loads(message)
            if answer.get("id") == number:
                assert "result" in answer, answer
                return answer["result"]

    def open(self, url):
        self.ask("Page.navigate", url=url)

    def value(self, expression):
        """Of JavaScript in the page."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    def screenshot(self):
        """As the bytes of a PNG."""
        return base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"])


def _above_ten(number):
    """The same end of a pipe."""
    other = fcntl.fcntl(number, fcntl.F_DUPFD, 10)
    os.close(number)
    return other
