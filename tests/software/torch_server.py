# SPDX-License-Identifier: Apache-2.0
"""A PyTorch model behind HTTP. It first prints what it answers to some texts when it is asked directly, a line each:
TEXT ANSWER; then `ready`, and from then on GET /TEXT returns ANSWER. GET /quit ends it.

Usage: torch_server.py PORT
"""
import http.server
import sys
import threading

import torch

from torch_gpt import CODES, CONTEXT, LETTERS, Model

TEXTS = ('kernel', 'program', 'machine', 'illusion', 'e', 'that', 'its', 'own')


@torch.no_grad()
def answer(model, text):
    """The letter that most likely comes next, and how likely each is, to the last bit."""
    codes = torch.tensor([[CODES[letter] for letter in text if letter in CODES][-CONTEXT:]])
    logits = model(codes)[0, -1]
    return f'{LETTERS[int(logits.argmax())]!r} {float(logits.softmax(0).max()).hex()} {float(logits.sum()).hex()}'


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        text = self.path.strip('/')
        if text == 'quit':
            threading.Thread(target=self.server.shutdown).start()
        body = ('bye' if text == 'quit' else answer(self.server.model, text)).encode() + b'\n'
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    torch.manual_seed(3)
    server = http.server.ThreadingHTTPServer(('', int(sys.argv[1])), Handler)
    server.model = Model().eval()
    for text in TEXTS:
        print(text, answer(server.model, text))
    print('ready', flush=True)
    server.serve_forever()


main()
