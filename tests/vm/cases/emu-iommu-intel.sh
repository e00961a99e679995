#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Under Intel's IOMMU, with interrupts remapped, a device works, is reset and is bound again, and its data is what was written.
# vm: --memmap 512M@5G --iommu intel
# long
. /usr/lib/bx-lab/emu-iommu.sh
