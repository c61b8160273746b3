#!/usr/bin/env bash
# Ensures that Compose and the images of the stack are available. If no registry can
# be reached, replacements of the images are built: see stack.sh.
set -euo pipefail
. "$(dirname "$0")/stack.sh"
stack_init prepare
PROFILES=monitoring
base_images
