# SPDX-License-Identifier: Apache-2.0
"""A PyTorch model behind HTTP. POST / of {"text": TEXT} is answered by {"next": LETTER, "probability": P, "logits": [...]},
the numbers to their last bit; DELETE / ends it. It says `ready` when it listens.

Usage: torch_server.py [PORT]
Without PORT it asks itself: for some texts, a line each, TEXT and the answer.
"""
import http.server
import json
import sys
import threading

import torch

from torch_gpt import CODES, CONTEXT, LETTERS, Model

TEXTS = ('kernel', 'program', 'machine', 'illusion', 'e', 'that', 'its', 'own')


def make_model():
    torch.manual_seed(3)
    return Model().eval()


@torch.no_grad()
def answer(model, text):
    """The letter that most likely comes next, and what the model thinks of each."""
    codes = torch.tensor([[CODES[letter] for letter in text][-CONTEXT:]])
    logits = model(codes)[0, -1]
    probabilities = logits.softmax(0)
    return json.dumps({'next': LETTERS[int(logits.argmax())], 'probability': float(probabilities.max()).hex(),
                       'logits': [float(logit).hex() for logit in logits]})


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def reply(self, status, body):
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_POST(self):
        try:
            body = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
            self.reply(200, answer(self.server.model, body['text']) + '\n')
        except (KeyError, TypeError, ValueError) as error:
            self.reply(400, json.dumps({'error': repr(error)}) + '\n')

    def do_DELETE(self):
        threading.Thread(target=self.server.shutdown).start()
        self.reply(200, '{}\n')

    def log_message(self, *_):
        pass


def main():
    model = make_model()
    if len(sys.argv) == 1:
        for text in TEXTS:
            print(text, answer(model, text))
        return
    server = http.server.ThreadingHTTPServer(('', int(sys.argv[1])), Handler)
    server.model = model
    print('ready', flush=True)
    server.serve_forever()


main()
