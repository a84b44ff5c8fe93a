"""Says hello, works for a moment, and says so: what dcron's quickstart runs every five seconds."""
import os
import platform
import sys
import time

print(f"Hello from Python {platform.python_version()}, due at {os.environ['DCRON_FIRE_TIME']}", flush=True)
for step in range(1, 4):
    time.sleep(0.3)
    print(f"step {step} of 3, arguments {sys.argv[1:]}", flush=True)
print("this line went to stderr", file=sys.stderr)
