# SPDX-License-Identifier: GPL-2.0-only
# The controller's core: what user space compiles as well, for tests, fuzzing and benchmarks.
emu_core := controller engine queue queue_command dma \
	admin identify log health feature feature_table event namespace erase firmware selftest \
	io copy range pi store timing fault
