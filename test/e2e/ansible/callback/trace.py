"""Prints what happened in the few words that ansible.test.ts compares."""
import json
from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = 'stdout'
    CALLBACK_NAME = 'trace'

    def __init__(self):
        super().__init__()
        self.title, self.play, self.lines = None, None, []

    def flush(self):
        if self.title is not None and self.title.startswith('PLAY'):
            self.play = self.title
        elif self.lines:
            if self.play:
                print(self.play)
            self.play = None
            print(self.title)
            for line in sorted(self.lines):
                print('  ' + line)
        self.title, self.lines = None, []

    def begin(self, title):
        self.flush()
        self.title = title

    def v2_playbook_on_play_start(self, play):
        self.begin('PLAY ' + play.get_name())

    def v2_playbook_on_task_start(self, task, is_conditional):
        self.begin('TASK ' + task.get_name())

    def v2_playbook_on_handler_task_start(self, task):
        self.begin('HANDLER ' + task.get_name())

    def note(self, result, status, item=False):
        if result._task.action == 'meta':
            return
        data = result._result
        if status == 'ok' and data.get('changed'):
            status = 'changed'
        if status == 'failed' and not item and result._task_fields.get('ignore_errors'):
            status = 'ignored'
        words = [result._host.get_name(), 'item ' + status if item else status]
        if result._task.action == 'debug' and status in ('ok', 'changed') and 'results' not in data:
            words.append(json.dumps(data.get('msg'), sort_keys=True))
        self.lines.append(' '.join(words))

    def v2_runner_on_ok(self, result):
        self.note(result, 'ok')

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.note(result, 'ignored' if ignore_errors else 'failed')

    def v2_runner_on_skipped(self, result):
        self.note(result, 'skipped')

    def v2_runner_on_unreachable(self, result):
        self.note(result, 'unreachable')

    def v2_runner_item_on_ok(self, result):
        self.note(result, 'ok', True)

    def v2_runner_item_on_failed(self, result):
        self.note(result, 'failed', True)

    def v2_runner_item_on_skipped(self, result):
        self.note(result, 'skipped', True)

    def v2_playbook_on_stats(self, stats):
        self.flush()
        for host in sorted(stats.processed):
            each = stats.summarize(host)
            print('RECAP', host, ' '.join(f'{key}={each[name]}' for key, name in (
                ('ok', 'ok'), ('changed', 'changed'), ('unreachable', 'unreachable'), ('failed', 'failures'),
                ('skipped', 'skipped'), ('rescued', 'rescued'), ('ignored', 'ignored'))))
