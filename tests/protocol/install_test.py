#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is installed is enough to build and run programs: the examples, shared and static, found by
pkg-config and by CMake, and each public header alone as C11 and as C++20.

Usage: install_test.py BUILD_ROOT EXAMPLES. Speaks TAP.
"""
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

CMAKE_LISTS = """
cmake_minimum_required(VERSION 3.16)
project(examples C CXX)
find_package(mmapvideo 0.1 REQUIRED)
foreach(name read_frames write_frames)
  add_executable(${name} ${EXAMPLES}/${name}.c)
  target_link_libraries(${name} mmapvideo::mmapvideo)
  add_executable(${name}_static ${EXAMPLES}/${name}.c)
  target_link_libraries(${name}_static mmapvideo::static)
endforeach()
"""


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True,
                          text=True, timeout=120, **options).stdout


class Installation:
    def __init__(self, build, place):
        run("meson", "install", "-C", build, "--no-rebuild", "--destdir", place)
        configs = list(place.rglob("mmapvideo.pc"))
        assert len(configs) == 1, configs
        self.libraries = configs[0].parent.parent
        # As if it had been configured for that place.
        self.environment = dict(os.environ, PKG_CONFIG_PATH=str(configs[0].parent),
                                PKG_CONFIG_SYSROOT_DIR=str(place),
                                LD_LIBRARY_PATH=str(self.libraries))
        self.include = next(place.rglob("mmapvideo.h")).parent.parent
        self.prefix = self.include.parent

    def flags(self, *options):
        return run("pkg-config", *options, "mmapvideo", env=self.environment).split()


def exchange(reader, writer, environment):
    """Frames go from one program to the other; the reader is first."""
    shared = tempfile.mkdtemp(prefix="mmapvideo-test-", dir="/dev/shm")
    try:
        path = os.path.join(shared, "camera")
        with subprocess.Popen([str(reader), path], env=environment, stdout=subprocess.PIPE,
                              text=True) as reading:
            run(writer, path, 10, env=environment)
            lines = reading.communicate(timeout=60)[0].splitlines()
        assert reading.returncode == 0, reading.returncode
        assert lines[0].startswith("frame "), lines
        assert "GRAY8 320x240, 0 skipped, first byte" in lines[-1], lines
        assert not os.path.exists(path), "the writer removes its file"
    finally:
        shutil.rmtree(shared)


def headers_compile_alone(installed, _, place):
    for header in sorted((installed.include / "mmapvideo").iterdir()):
        for compiler, standard, suffix in (("cc", "c11", "c"), ("c++", "c++20", "cpp")):
            if header.suffix == ".hpp" and suffix == "c":
                continue
            source = place / f"alone.{suffix}"
            source.write_text(f"#include <mmapvideo/{header.name}>\nint main(void) {{ return 0; }}\n")
            run(compiler, f"-std={standard}", "-pedantic-errors", "-Wall", "-Wextra", "-Werror",
                "-fsyntax-only", *installed.flags("--cflags"), source)


def examples_run_with_the_shared_library(installed, examples, place):
    for name in ("read_frames", "write_frames"):
        run("cc", "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Werror",
            examples / f"{name}.c", "-o", place / name, *installed.flags("--cflags", "--libs"))
    exchange(place / "read_frames", place / "write_frames", installed.environment)


def examples_run_with_the_static_library(installed, examples, place):
    for name in ("read_frames", "write_frames"):
        flags = [flag for flag in installed.flags("--static", "--cflags", "--libs")
                 if flag != "-lmmapvideo"]
        run("cc", "-std=c11", "-D_POSIX_C_SOURCE=200809L", examples / f"{name}.c", "-o",
            place / name, installed.libraries / "libmmapvideo.a", *flags)
    exchange(place / "read_frames", place / "write_frames", dict(os.environ))


def examples_run_with_cmake(installed, examples, place):
    (place / "CMakeLists.txt").write_text(CMAKE_LISTS)
    run("cmake", "-G", "Ninja", "-S", place, "-B", place / "build", f"-DCMAKE_PREFIX_PATH={installed.prefix}",
        f"-DEXAMPLES={examples}")
    run("cmake", "--build", place / "build")
    for kind in ("", "_static"):
        exchange(place / f"build/read_frames{kind}", place / f"build/write_frames{kind}",
                 installed.environment)


def main():
    build, examples = (pathlib.Path(word).resolve() for word in sys.argv[1:])
    cases = [headers_compile_alone, examples_run_with_the_shared_library,
             examples_run_with_the_static_library]
    if shutil.which("cmake"):
        cases.append(examples_run_with_cmake)
    print(f"1..{len(cases)}")
    failed = False
    with contextlib.ExitStack() as stack:
        root = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        installed = Installation(build, root / "installed")
        for number, case in enumerate(cases, 1):
            place = root / case.__name__
            place.mkdir()
            problem = ""
            try:
                case(installed, examples, place)
            except subprocess.CalledProcessError as error:
                problem = f"{error.cmd}: {error.stdout}{error.stderr}"
            except (AssertionError, subprocess.TimeoutExpired) as error:
                problem = repr(error)
            failed |= bool(problem)
            print(f"{'not ok' if problem else 'ok'} {number} {case.__name__.replace('_', ' ')}")
            for line in problem.splitlines():
                print(f"# {line}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
