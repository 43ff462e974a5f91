#!/usr/bin/env bash
# distributed 2026.8.0, dask 2026.8.0, xarray 2026.9.0, h5netcdf 1.8.2, Python 3.11
#
# Expected: a Client whose constructor raised does not exist; what is done afterwards without any
#   cluster works as before.
# Happens: Client("nowhere") raises ValueError (missing port number), but where the exception is kept,
#   as a session or a test does, the half-made client stays the default of the process. A later
#   Dataset.to_netcdf of plain NumPy arrays, which has nothing to do with it, asks Dask for its
#   scheduler to choose a lock and raises the same ValueError.
# Hurt: whoever mistypes an address in a session and then saves results; the message names an
#   address, not the file.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    distributed==2026.8.0 dask==2026.8.0 xarray==2026.9.0 h5netcdf==1.8.2 h5py==3.16.0 numpy 2>/dev/null
cd "$folder"
cat > seen.py <<'PYTHON'
import os
import distributed, xarray
from distributed import Client

print("distributed", distributed.__version__, "xarray", xarray.__version__)
plain = xarray.Dataset({"a": ("x", [1.0])})
plain.to_netcdf("before.nc", engine="h5netcdf")
print("before: written")
try:
    Client("nowhere")
except ValueError as error:
    kept = error
    print("Client('nowhere'):", type(error).__name__, str(error).splitlines()[0])
try:
    plain.to_netcdf("after.nc", engine="h5netcdf")
    print("after: written")
    status = 1
except ValueError as error:
    print("after: to_netcdf raises", type(error).__name__, str(error).splitlines()[0])
    status = 0
os.sys.stdout.flush()
os._exit(status)  # deleting the client would wait for 40 s
PYTHON
if "$folder/venv/bin/python" seen.py; then
    echo "as described"
else
    echo "changed: to_netcdf works after a failed Client" >&2
    exit 1
fi
