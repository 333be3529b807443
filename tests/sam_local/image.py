"""The base image of `provided.al2023`, made of this machine's own files.

It holds what our programs load (C library, loader, roots of TLS) and the three programs that sam's
own Dockerfile calls (sh, mv, chmod), with what those load.
"""

import pathlib
import re
import shutil
import subprocess

NAME = "public.ecr.aws/lambda/provided:al2023-x86_64"
PROGRAMS = ("/bin/sh", "/bin/mv", "/bin/chmod")
LIBRARIES = ("libc.so.6", "libm.so.6", "libgcc_s.so.1", "libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2")
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nsbx_user1051:x:993:990::/home:/sbin/nologin\n",
    "etc/nsswitch.conf": "hosts: files dns\npasswd: files\ngroup: files\n",
    # A name may have several addresses: localhost is the container, and what --add-host says.
    "etc/host.conf": "multi on\n",
}


def loaded(program):
    """The libraries that a program loads, its loader among them."""
    text = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    return re.findall(r"(/\S+)", text)


def library(name):
    """Where the loader finds a library."""
    text = subprocess.run(["/sbin/ldconfig", "-p"], check=True, capture_output=True, text=True).stdout
    found = re.search(rf"^\s*{re.escape(name)} \(.*x86-64.*\) => (\S+)$", text, re.M)
    return [found[1]] if found else []


def copy(path, root):
    target = root / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(pathlib.Path(path).resolve(), target)


def make(host, folder):
    """Makes the image for a daemon."""
    root = folder / "root"
    wanted = {*PROGRAMS, "/etc/ssl/certs/ca-certificates.crt"}
    for program in PROGRAMS:
        wanted.update(loaded(program))
    for name in LIBRARIES:
        wanted.update(library(name))
    for path in wanted:
        copy(path, root)
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for name in ("tmp", "var/task", "var/runtime", "var/rapid", "opt", "home", "proc", "sys", "dev"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    packed = subprocess.Popen(["tar", "-C", root, "-c", "."], stdout=subprocess.PIPE)
    changes = ["--change", "WORKDIR /var/task", "--change", "ENV PATH=/bin:/usr/bin", "--change", "ENV TZ=:/etc/localtime"]
    subprocess.run(["docker", "--host", host, "import", *changes, "-", NAME], stdin=packed.stdout, check=True,
                   stdout=subprocess.DEVNULL)
    if packed.wait():
        raise RuntimeError("the image's files cannot be packed")
