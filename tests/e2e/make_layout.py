#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write an OCI image layout of several layers, some of them hostile, for ck_oci_test.sh.

Usage: make_layout.py DIR [good|arm|two|deep|wrong-digest|wrong-size|missing|sha512|no-tar|bad-json|layers|escape]
"""
import gzip
import hashlib
import io
import json
import pathlib
import subprocess
import sys
import tarfile

MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
INDEX = 'application/vnd.oci.image.index.v1+json'
CONFIG = 'application/vnd.oci.image.config.v1+json'
LAYER = 'application/vnd.oci.image.layer.v1.tar'

layout, kind = pathlib.Path(sys.argv[1]), sys.argv[2]
blobs = layout / 'blobs/sha256'
blobs.mkdir(parents=True)


def blob(data, media_type, **more):
    if not isinstance(data, bytes):
        data = json.dumps(data).encode()
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return {'mediaType': media_type, 'digest': f'sha256:{digest}', 'size': len(data), **more}


def layer(entries):
    """entries: path -> text of a file, None for a folder, ('link'|'symlink', target)"""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w', format=tarfile.PAX_FORMAT) as tar:
        for path, what in entries:
            info = tarfile.TarInfo(path)
            info.mode = 0o755
            if what is None:
                info.type = tarfile.DIRTYPE
            elif isinstance(what, tuple):
                info.type = tarfile.LNKTYPE if what[0] == 'link' else tarfile.SYMTYPE
                info.linkname = what[1]
            else:
                info.size = len(what)
            tar.addfile(info, io.BytesIO(what.encode()) if isinstance(what, str) else None)
    return out.getvalue()


LAYERS = [
    layer([('bin/', None), ('bin/prog', 'program'), ('etc/', None), ('etc/passwd', 'web:x:33:44::/:/bin/sh\n'),
           ('etc/group', 'crew:x:77:\n'), ('usr/lib/', None), ('lib', ('symlink', 'usr/lib')), ('gone', 'old'),
           ('emptied/', None), ('emptied/a', 'old'), ('emptied/deep/', None), ('emptied/deep/b', 'old'),
           ('folder/', None), ('folder/x', 'old'), ('file', 'old'), ('kept', 'old'), ('back', 'old')]),
    layer([('.wh.gone', ''), ('emptied/new', 'new'), ('emptied/.wh..wh..opq', ''), ('folder', 'a file now'),
           ('file/', None), ('file/inside', 'a folder now'), ('lib/so', 'through the link'),
           ('hard', ('link', 'bin/prog')), ('back', 'new'), ('.wh.back', ''), ('.wh.never', ''),
           ('nowhere/.wh.x', '')]),
]
if kind == 'escape':
    LAYERS = [layer([('a/../../out', 'x')])]
if kind == 'no-tar':
    LAYERS = [b'this is no tar' * 100]
packed = [gzip.compress(LAYERS[0])] + LAYERS[1:]
if kind == 'good' and len(sys.argv) > 3:
    packed[-1] = subprocess.run(['zstd', '-q', '-c'], input=packed[-1], capture_output=True, check=True).stdout

config = {'architecture': 'arm64' if kind == 'arm' else 'amd64', 'os': 'linux',
          'rootfs': {'type': 'layers', 'diff_ids': ['sha256:' + '0' * 64] * (len(packed) + (kind == 'layers'))},
          'config': {'Entrypoint': ['prog', 'one'], 'Cmd': ['two words'], 'WorkingDir': '/work', 'User': 'web:crew',
                     'Env': ['PATH=/sbin:/bin', 'A=1', 'B=2']}}
manifest = {'schemaVersion': 2, 'config': blob(config, CONFIG), 'layers': [blob(p, LAYER) for p in packed]}
if kind == 'wrong-size':
    manifest['layers'][0]['size'] += 1
if kind == 'sha512':
    manifest['layers'][0]['digest'] = 'sha512:' + '0' * 128
if kind == 'wrong-digest':
    path = blobs / manifest['layers'][0]['digest'][7:]
    path.write_bytes(path.read_bytes()[:-1] + b'x')
if kind == 'missing':
    (blobs / manifest['layers'][0]['digest'][7:]).unlink()
chosen = blob(manifest, MANIFEST)


def named(descriptor, name):
    return {**descriptor, 'annotations': {'org.opencontainers.image.ref.name': name}}


others = {'mediaType': MANIFEST, 'digest': 'sha256:' + '0' * 64, 'size': 1,
          'platform': {'architecture': 'arm64', 'os': 'linux'}}
ours = {**chosen, 'platform': {'architecture': 'amd64', 'os': 'linux'}}
top = [blob({'schemaVersion': 2, 'manifests': [others, ours]}, INDEX)]
if kind == 'two':
    top = [named(chosen, 'first'), named(chosen, 'second')]
if kind == 'deep':
    for _ in range(6):
        top = [blob({'schemaVersion': 2, 'manifests': top}, INDEX)]
(layout / 'oci-layout').write_text('{"imageLayoutVersion": "1.0.0"}')
(layout / 'index.json').write_text('{"manifests": [' if kind == 'bad-json' else
                                   json.dumps({'schemaVersion': 2, 'manifests': top}))
