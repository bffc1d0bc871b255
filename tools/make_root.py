#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the root directory NAME of tools/roots.txt from Debian packages, unless it is there as wanted.
Usage: make_root.py NAME DIRECTORY

Packages are unpacked, not installed: no script of theirs runs, so what those would have made and a
program needs (links, accounts, the linker's cache, compiled Python) is made here. apt works on a state
of its own beside DIRECTORY, with the machine's sources; downloads are kept there for the other roots."""
import hashlib, os, pathlib, re, shutil, subprocess, sys

TOOLS = pathlib.Path(__file__).resolve().parent
MERGED = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']  # links into /usr, as Debian has them
UNUSED = ['doc', 'man', 'locale', 'info', 'lintian', 'bug']  # below usr/share
FILES = {
    'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n'
                  'www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n'
                  'redis:x:100:101::/var/lib/redis:/usr/sbin/nologin\n'
                  'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n',
    'etc/group': 'root:x:0:\ndaemon:x:1:\nadm:x:4:\ntty:x:5:\nwww-data:x:33:\nutmp:x:43:\nredis:x:101:\n'
                 'users:x:100:\nnogroup:x:65534:\n',
    'etc/hosts': '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n',
    'etc/hostname': 'cloudkernel\n',
    'etc/resolv.conf': 'nameserver 10.0.2.3\n',  # QEMU's user network
    'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n',
    'etc/ld.so.conf': 'include /etc/ld.so.conf.d/*.conf\n',
    'etc/ld.so.conf.d/x86_64-linux-gnu.conf': '/lib/x86_64-linux-gnu\n/usr/lib/x86_64-linux-gnu\n',
}
FOLDERS = {'tmp': 0o1777, 'var/tmp': 0o1777, 'run': 0o755, 'run/lock': 0o1777, 'root': 0o700, 'proc': 0o555,
           'sys': 0o555, 'dev': 0o755, 'home': 0o755, 'var/lib/redis': 0o755, 'var/log/nginx': 0o755,
           'var/www': 0o755}

def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, **options)

def wanted(name):
    """The packages and links of a root."""
    for line in (TOOLS / 'roots.txt').read_text().splitlines():
        words = line.split()
        if words and words[0] == name:
            return ([w for w in words[1:] if '->' not in w], [w.split('->') for w in words[1:] if '->' in w])
    sys.exit(f'{name} is not in tools/roots.txt')

def download(packages, apt):
    """The archives of the packages and of all they depend on."""
    for folder in ('lists/partial', 'archives/partial'):
        (apt / folder).mkdir(parents=True, exist_ok=True)
    (apt / 'status').touch()  # nothing is installed
    options = {'Dir::State': apt, 'Dir::State::status': apt / 'status', 'Dir::State::lists': apt / 'lists',
               'Dir::Cache': apt, 'Dir::Cache::archives': apt / 'archives', 'APT::Install-Recommends': 'false',
               'pkgCacheGen::Essential': 'none', 'APT::Sandbox::User': 'root', 'Debug::NoLocking': 'true',
               'Acquire::Retries': '3'}
    apt_get = ['apt-get', '-qq'] + [word for key, value in options.items() for word in ('-o', f'{key}={value}')]
    run(*apt_get, 'update')
    run(*apt_get, '-y', '--download-only', 'install', *packages, stdout=subprocess.DEVNULL)
    plan = run(*apt_get, '--simulate', 'install', *packages, stdout=subprocess.PIPE, text=True).stdout
    # Inst NAME (VERSION ORIGIN [ARCHITECTURE])
    chosen = re.findall(r'^Inst (\S+) \((\S+) .*\[(\w+)\]\)', plan, re.MULTILINE)
    return [apt / 'archives' / f'{name}_{version.replace(":", "%3a")}_{kind}.deb' for name, version, kind in chosen]

def unpack(archives, root):
    for folder in MERGED:
        (root / 'usr' / folder).mkdir(parents=True)
        (root / folder).symlink_to(f'usr/{folder}')
    skip = [f'--exclude=./usr/share/{folder}/*' for folder in UNUSED]
    for archive in archives:
        data = subprocess.Popen(['dpkg-deb', '--fsys-tarfile', archive], stdout=subprocess.PIPE)
        run('tar', '-xp', '--keep-directory-symlink', '-C', root, *skip, stdin=data.stdout)
        if data.wait():
            sys.exit(f'{archive}: dpkg-deb could not read it')

def finish(root, links):
    for path, mode in FOLDERS.items():
        (root / path).mkdir(parents=True, exist_ok=True)
        (root / path).chmod(mode)
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    for link, target in links:
        (root / link[1:]).unlink(missing_ok=True)
        (root / link[1:]).symlink_to(target)
    if os.geteuid() == 0:  # it changes its root; without a cache the linker looks through the folders
        run('ldconfig', '-r', root, env={'PATH': '/usr/sbin:/sbin:/usr/bin:/bin'})

def compile_python(root):
    """What a package's script would do, by the root's own interpreter, which need not be the machine's."""
    if not (root / 'usr/bin/python3.11').exists():
        return
    folders = [f for f in ('/usr/lib/python3.11', '/usr/lib/python3/dist-packages') if (root / f[1:]).is_dir()]
    if os.geteuid() == 0:
        command, variables = ['chroot', root, '/usr/bin/python3.11', '-m', 'compileall', '-qq', *folders], {}
    else:  # all but the files behind absolute links
        libraries = root / 'usr/lib/x86_64-linux-gnu'
        command = [libraries / 'ld-linux-x86-64.so.2', '--library-path', libraries, root / 'usr/bin/python3.11',
                   '-m', 'compileall', '-qq', '-s', root, '-p', '/', *(root / f[1:] for f in folders)]
        variables = {'PYTHONHOME': str(root / 'usr')}
    # Some of the test suite's files are wrong on purpose, so the status says nothing, and warnings neither.
    variables |= {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'PYTHONWARNINGS': 'ignore'}
    subprocess.run(list(map(str, command)), env=variables, check=False)

def main():
    name, place = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    packages, links = wanted(name)
    made_of = hashlib.sha256((repr((packages, links)) + pathlib.Path(__file__).read_text()).encode()).hexdigest()
    stamp = place.with_name(name + '.made')
    if place.is_dir() and stamp.exists() and stamp.read_text() == made_of:
        return
    stamp.unlink(missing_ok=True)
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    unpack(download(packages, place.with_name('.apt')), place)
    finish(place, links)
    compile_python(place)
    stamp.write_text(made_of)

main()
