# Copyright (c) 2026, the tren authors. SPDX-License-Identifier: BSD-3-Clause
"""tren for Spack 1.0 or later, in a repository of its own. In a copy of the sources, as there is no release to load yet:
spack repo add packaging/spack/spack_repo/tren
spack dev-build tren@main
"""

from spack_repo.builtin.build_systems.cmake import CMakePackage, generator

from spack.package import *


class Tren(CMakePackage):
    """Distributed data-parallel neural-network trainer in C: the same bits on any number of ranks."""

    license("BSD-3-Clause")

    version("main")

    variant("shared", default=True, description="Build shared libraries")
    variant("plots", default=True, description="gnuplot for pictures")

    depends_on("c", type="build")
    depends_on("cmake@3.25:", type="build")
    depends_on("ninja", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("mpi")
    depends_on("openblas@0.3:~ilp64 symbol_suffix=none")
    depends_on("hdf5")
    depends_on("zlib-api")
    depends_on("libyaml")
    depends_on("xxhash")
    depends_on("gnuplot", type="run", when="+plots")

    generator("ninja")

    def cmake_args(self):
        return [
            self.define_from_variant("BUILD_SHARED_LIBS", "shared"),
            self.define("TREN_TESTS", False),
            self.define("MPI_C_COMPILER", self.spec["mpi"].mpicc),
            self.define("MPIEXEC_EXECUTABLE", self.spec["mpi"].prefix.bin.mpiexec),
            self.define("HDF5_ROOT", self.spec["hdf5"].prefix),
        ]

    @run_after("install")
    @on_package_attributes(run_tests=True)
    def check_program(self):
        Executable(self.prefix.bin.tren)("--version")
