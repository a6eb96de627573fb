#!/usr/bin/env python3
"""Unpacks Debian packages of a foreign architecture into a root folder: unpack.py ROOT DEB...

This is what `dpkg --unpack` does, without running maintainer scripts (the host can't run them): the
files, and dpkg's database with every package "unpacked". The second stage then runs, inside a virtual
machine, the preinst scripts and `dpkg --configure -a`, and dpkg ends up with the state it would have had.
Must run as root or under fakeroot, so that owners are kept.
"""
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import time

# As in Debian's own slim images: documentation and translations stay out, licences stay in.
# dpkg gets the same rules (dpkg.cfg.d), so that later installs and `dpkg --verify` agree.
EXCLUDES = ["/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*",
            "/usr/share/lintian/*", "/usr/share/gcc/python/*"]
KEPT = "/usr/share/doc/*/copyright"


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def control_files(deb):
    """The maintainer scripts and lists of a package: name -> bytes."""
    with tarfile.open(fileobj=io.BytesIO(output("dpkg-deb", "--ctrl-tarfile", deb))) as tar:
        return {m.name.removeprefix("./"): (tar.extractfile(m).read(), m.mode)
                for m in tar.getmembers() if m.isfile()}


def field(control, name):
    for line in control.splitlines():
        if line.startswith(name + ": "):
            return line[len(name) + 2:]
    return ""


def extract_files(root, deb):
    """Extracts the data part; returns the paths as dpkg lists them."""
    data = output("dpkg-deb", "--fsys-tarfile", deb)
    # Directories that are links already (bin -> usr/bin) stay links. Two passes, since tar's
    # exclusion has no exceptions: all but the excluded, then the licences.
    tar = ["tar", "-x", "-p", "-C", root, "--keep-directory-symlink", "--warning=no-timestamp", "--wildcards"]
    subprocess.run(tar + ["--exclude=." + e for e in EXCLUDES], input=data, check=True)
    with tarfile.open(fileobj=io.BytesIO(data)) as members:
        names = [m.name for m in members]
    kept = [n for n in names if n.startswith("./usr/share/doc/") and n.endswith("/copyright")]
    if kept:
        subprocess.run(tar + kept, input=data, check=True)
    return ["/." if n in (".", "./") else "/" + n.removeprefix("./").rstrip("/") for n in names]


def conffiles(root, files):
    """The Conffiles field: path and checksum of each, as dpkg writes it after unpacking."""
    lines = []
    for path in files.get("conffiles", (b"", 0))[0].decode().split("\n"):
        if path.startswith("/"):
            with open(root + path, "rb") as f:
                lines.append(f" {path} {hashlib.md5(f.read()).hexdigest()}")
    return "Conffiles:\n" + "\n".join(lines) + "\n" if lines else ""


def register_triggers(dpkg, package, text, paths):
    """Enters a package's interests: paths into triggers/File, names into triggers/NAME."""
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if len(words) == 2 and words[0].startswith("interest"):
            who = package + ("/noawait" if words[0].endswith("noawait") else "")
            if words[1].startswith("/"):
                paths.append(f"{words[1]} {who}\n")
            else:
                with open(f"{dpkg}/triggers/{words[1]}", "a") as f:
                    f.write(who + "\n")


def unpack(root, deb, paths):
    """Unpacks one package; returns its entry for dpkg's status file."""
    dpkg = root + "/var/lib/dpkg"
    files = control_files(deb)
    control = files.pop("control")[0].decode().rstrip("\n") + "\n"
    package = field(control, "Package")
    name = package
    if field(control, "Multi-Arch") == "same":
        name += ":" + field(control, "Architecture")
    listed = extract_files(root, deb)
    with open(f"{dpkg}/info/{name}.list", "w") as f:
        f.write("\n".join(listed) + "\n")
    for file, (content, mode) in files.items():
        with open(f"{dpkg}/info/{name}.{file}", "wb") as f:
            f.write(content)
        os.chmod(f.name, mode)
    register_triggers(dpkg, name, files.get("triggers", (b"", 0))[0].decode(), paths)
    first, rest = control.split("\n", 1)
    return f"{first}\nStatus: install ok unpacked\n{rest}{conffiles(root, files)}\n"


def main():
    root, debs = sys.argv[1], sys.argv[2:]
    # base-files first: it brings /bin -> usr/bin and the like.
    debs.sort(key=lambda d: (not os.path.basename(d).startswith("base-files_"), d))
    dpkg = root + "/var/lib/dpkg"
    for folder in ("info", "triggers", "updates", "alternatives", "parts"):
        os.makedirs(f"{dpkg}/{folder}")
    os.makedirs(root + "/etc/dpkg/dpkg.cfg.d")
    with open(root + "/etc/dpkg/dpkg.cfg.d/slim", "w") as f:
        f.writelines(f"path-exclude={e}\n" for e in EXCLUDES)
        f.write(f"path-include={KEPT}\n")
    status, paths, said = [], [], time.time()
    for i, deb in enumerate(debs):
        status.append(unpack(root, deb, paths))
        if time.time() - said > 10:
            said = time.time()
            print(f"guests: unpacked {i + 1} of {len(debs)} packages", flush=True)
    for name, text in (("status", "".join(status)), ("available", ""), ("info/format", "1\n"),
                       ("arch", "arm64\n"), ("triggers/File", "".join(paths)), ("triggers/Unincorp", "")):
        with open(f"{dpkg}/{name}", "w") as f:
            f.write(text)


if __name__ == "__main__":
    main()
