#!/usr/bin/env bash
# Makes sure of Compose and of the images that the stack is made from. Where no
# registry is reached, stand-ins are built: see stack.sh.
set -euo pipefail
. "$(dirname "$0")/stack.sh"
stack_init prepare
PROFILES=monitoring
base_images
