#!/usr/bin/env bash
# Provides Compose and the base images of the stack. If no registry can be reached, it
# builds substitutes: see stack.sh.
set -euo pipefail
. "$(dirname "$0")/stack.sh"
stack_init prepare
PROFILES=monitoring
base_images
