/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: the sum of 16 bits that protects a block (polynomial 8BB7h, nothing reflected, starting with 0). */
#ifndef KIT_LINUX_CRC_T10DIF_H
#define KIT_LINUX_CRC_T10DIF_H

#include <linux/types.h>

static inline __u16 crc_t10dif_update(__u16 crc, const __u8 *bytes, size_t length)
{
	for (; length; length--) {
		crc ^= *bytes++ << 8;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 0x8000 ? crc << 1 ^ 0x8bb7 : crc << 1;
	}
	return crc;
}

static inline __u16 crc_t10dif(const __u8 *bytes, size_t length)
{
	return crc_t10dif_update(0, bytes, length);
}

#endif
