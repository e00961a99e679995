/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: code that the kernel throws away after its use. */
#ifndef KIT_LINUX_INIT_H
#define KIT_LINUX_INIT_H

#define __init
#define __exit
#define __initdata
#define __initconst

#endif
