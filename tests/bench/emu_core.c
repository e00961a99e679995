// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How many commands of 4 KiB the emulator's core does in a second, and what one costs by stage: native, with a
 * host that keeps a queue full, in time of the processor. Without copying it is Verify, which checks the same and moves nothing. Each engine has
 * a queue and is driven by a thread that is its host as well.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <kit/kit.h>
#include <linux/kernel.h>
#include <linux/ktime.h>

#include "kmods/emu/controller.h"
#include "kmods/emu/timing.h"

#define BASE	   0x100000000ull
#define MEMORY	   (16ul << 20)
#define ENTRIES	   1024
#define DEPTH	   128
#define BLOCKS	   16384 /* of 4 KiB: a namespace of 64 MiB */
#define ROUNDS	   5
#define SECONDS(n) ((n) / 1e9)

static u8 *memory, *bar, *store_memory;
static struct bx_store store;
static struct bx_ctrl *ctrl;

static void *host_memory(struct bx_ctrl *of, u64 address, size_t length, enum bx_access access)
{
	return address - BASE < MEMORY ? memory + (address - BASE) : NULL;
}

static void host_interrupt(struct bx_ctrl *of, unsigned int vector)
{
}

static void host_wake(struct bx_engine *engine)
{
}

static const struct bx_host_ops ops = {
	.memory = host_memory,
	.interrupt = host_interrupt,
	.wake = host_wake,
};

/* The time that this thread has had: others that want the processor, too, do not count. */
static u64 clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "emu-core: %s\n", what);
	exit(1);
}

/* ---- a controller with as many queues as engines; each queue has a MiB of the memory */

static u64 sq_of(unsigned int queue)
{
	return BASE + queue * (1ull << 20);
}

static u64 cq_of(unsigned int queue)
{
	return sq_of(queue) + ENTRIES * sizeof(struct nvme_command);
}

static u64 buffers_of(unsigned int queue)
{
	return sq_of(queue) + (128 << 10);
}

static void settle(void)
{
	while (bx_engine_pass(&ctrl->engines[0]) == 0)
		;
}

static void run_admin(unsigned int *tail, const struct nvme_command *cmd)
{
	memcpy(memory + *tail * sizeof(*cmd), cmd, sizeof(*cmd));
	bx_bar_write(ctrl, NVME_REG_DBS, ++*tail);
	settle();
}

static void begin(unsigned int engines)
{
	struct bx_config config = {
		.serial = "BENCH",
		.model = "bx_emu",
		.firmware = "1",
		.queues = engines,
		.entries = ENTRIES,
		.mdts = 5,
		.engines = engines,
	};
	const struct bx_ns_options options = {
		.size = BLOCKS * 4096ull,
		.format = 3,
		.attached = true,
	};
	unsigned int tail = 0;
	struct bx_ns *ns;

	memset(bar, 0, BX_BAR_SIZE);
	memset(memory, 0, MEMORY);
	if (bx_store_init(&store, store_memory, BLOCKS * 4096ull) < 0 ||
	    bx_ctrl_create(&config, &ops, bar, NULL, &store, &ctrl) < 0 ||
	    bx_ns_create(ctrl, 0, &options, &ns) < 0)
		die("no controller");
	ctrl->bus_master = true;
	bx_bar_write(ctrl, NVME_REG_AQA, 63 << 16 | 63);
	bx_bar_write(ctrl, NVME_REG_ASQ, (u32)sq_of(0));
	bx_bar_write(ctrl, NVME_REG_ASQ + 4, sq_of(0) >> 32);
	bx_bar_write(ctrl, NVME_REG_ACQ, (u32)cq_of(0));
	bx_bar_write(ctrl, NVME_REG_ACQ + 4, cq_of(0) >> 32);
	bx_bar_write(ctrl, NVME_REG_CC, NVME_CC_ENABLE | NVME_CC_IOSQES | NVME_CC_IOCQES);
	settle();
	for (unsigned int id = 1; id <= engines; id++) {
		struct nvme_command cmd = {};

		cmd.create_cq.opcode = nvme_admin_create_cq;
		cmd.create_cq.cqid = cpu_to_le16(id);
		cmd.create_cq.qsize = cpu_to_le16(ENTRIES - 1);
		cmd.create_cq.cq_flags = cpu_to_le16(NVME_QUEUE_PHYS_CONTIG);
		cmd.create_cq.prp1 = cpu_to_le64(cq_of(id));
		run_admin(&tail, &cmd);
		cmd.create_sq.opcode = nvme_admin_create_sq;
		cmd.create_sq.cqid = cpu_to_le16(id);
		cmd.create_sq.sq_flags = cpu_to_le16(NVME_QUEUE_PHYS_CONTIG);
		cmd.create_sq.prp1 = cpu_to_le64(sq_of(id));
		run_admin(&tail, &cmd);
		if (!ctrl->sqs[id])
			die("no queue");
	}
}

static void end(void)
{
	bx_ctrl_destroy(ctrl);
	bx_store_done(&store);
}

/* ---- the load: DEPTH commands at a time, and all of them taken before the next */

struct load {
	unsigned int queue;
	u8 opcode;
	u64 commands, ns;
};

static void fill_queue(struct load *load)
{
	struct nvme_command *sq = (void *)(memory + (sq_of(load->queue) - BASE));
	u64 random = load->queue;

	for (unsigned int i = 0; i < ENTRIES; i++) {
		random = random * 6364136223846793005ull + 1442695040888963407ull;
		sq[i].rw = (struct nvme_rw_command){
			.opcode = load->opcode,
			.command_id = i,
			.nsid = cpu_to_le32(1),
			.dptr.prp1 = cpu_to_le64(buffers_of(load->queue) + i % 128 * 4096),
			.slba = cpu_to_le64((random >> 33) % BLOCKS),
			.length = cpu_to_le16(4096 / 4096 - 1),
		};
	}
}

/* Only the core's part is on the clock: the host has put its commands there before. */
static void *drive(void *argument)
{
	struct load *load = argument;
	struct bx_engine *engine = &ctrl->engines[load->queue - 1];
	struct bx_cq *cq = ctrl->cqs[load->queue];
	unsigned int tail = 0;
	u64 started, wanted = load->commands;

	fill_queue(load);
	started = clock_ns();
	for (u64 done = 0; done < wanted; done += DEPTH) {
		tail = (tail + DEPTH) % ENTRIES;
		bx_bar_write(ctrl, NVME_REG_DBS + 8 * load->queue, tail);
		while (cq->tail != tail)
			bx_engine_pass(engine);
		bx_bar_write(ctrl, NVME_REG_DBS + 8 * load->queue + 4, tail);
	}
	load->ns = clock_ns() - started;
	return NULL;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Commands a second of all engines together, the median. */
static double measure(unsigned int engines, u8 opcode, u64 commands)
{
	double rates[ROUNDS];

	for (int round = 0; round < ROUNDS; round++) {
		struct load loads[2] = {};
		pthread_t threads[2];
		double rate = 0;

		for (unsigned int i = 0; i < engines; i++) {
			loads[i] = (struct load){ i + 1, opcode, commands, 0 };
			if (pthread_create(&threads[i], NULL, drive, &loads[i]))
				die("no thread");
		}
		for (unsigned int i = 0; i < engines; i++) {
			pthread_join(threads[i], NULL);
			rate += loads[i].commands / SECONDS(loads[i].ns);
		}
		rates[round] = rate;
		/* Both ends of the rings are where they were: the load is a multiple of a ring. */
	}
	qsort(rates, ROUNDS, sizeof(*rates), compare);
	return rates[ROUNDS / 2];
}

static double report(unsigned int engines, const char *name, u8 opcode)
{
	double rate = measure(engines, opcode, 1024 * ENTRIES);

	printf("  %u engine%s  %-22s %7.2f M/s  %6.1f ns each\n", engines, engines > 1 ? "s" : " ",
	       name, rate / 1e6, 1e9 * engines / rate);
	return rate;
}

/* ---- stages, each alone and again and again */

static void stage(const char *name, u64 ns, u64 count)
{
	printf("    %-34s %6.1f ns\n", name, (double)ns / count);
}

static void measure_stages(void)
{
	struct bx_engine *engine = &ctrl->engines[0];
	struct bx_sq *sq = ctrl->sqs[1];
	struct load load = { 1, nvme_cmd_read, 0, 0 };
	struct bx_request request = { .sq = sq, .error_byte = BX_NO_BYTE };
	const u64 count = 2000000;
	struct bx_extent *extent = &ctrl->namespaces[1]->data;
	u64 started;

	fill_queue(&load);
	memcpy(&request.cmd, memory + (sq_of(1) - BASE), sizeof(request.cmd));
	mutex_lock(&engine->lock);
	started = clock_ns();
	for (u64 i = 0; i < count; i++)
		bx_data_map(engine, &request, 4096);
	stage("resolve the data pointer", clock_ns() - started, count);
	started = clock_ns();
	for (u64 i = 0; i < count; i++)
		bx_extent_read(extent, i % BLOCKS * 4096, memory + (8 << 20), 4096);
	stage("read 4 KiB from the store", clock_ns() - started, count);
	started = clock_ns();
	for (u64 i = 0; i < count; i++) {
		request.cmd.rw.slba = cpu_to_le64(i % BLOCKS);
		bx_io_execute(engine, &request);
	}
	stage("execute a Read, with these two", clock_ns() - started, count);
	request.cmd.rw.opcode = nvme_cmd_verify;
	started = clock_ns();
	for (u64 i = 0; i < count; i++)
		bx_io_execute(engine, &request);
	stage("execute a Verify", clock_ns() - started, count);
	started = clock_ns();
	for (u64 i = 0; i < count; i++)
		bx_timing_due(engine, &request, i);
	stage("the timing model, nothing set", clock_ns() - started, count);
	mutex_unlock(&engine->lock);
	bx_timing_set(ctrl, &(struct bx_timing_values){ .read_latency_ns = 1, .nr_io_units = 8 });
	started = clock_ns();
	for (u64 i = 0; i < count; i++)
		bx_timing_due(engine, &request, i);
	stage("the timing model, eight units", clock_ns() - started, count);
	bx_timing_set(ctrl, &(struct bx_timing_values){});
	started = clock_ns();
	for (u64 i = 0; i < count; i++)
		bx_engine_pass(engine);
	stage("a pass with nothing to do", clock_ns() - started, count);
}

/* ---- delivered latency: a host on one processor, the engine on another, and the time on the wall */

#define ASKED_NS 100000
#define SAMPLES	 20000

static bool stop_serving;

static void *serve(void *argument)
{
	while (!READ_ONCE(stop_serving))
		bx_engine_pass(&ctrl->engines[0]);
	return NULL;
}

static u64 wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void submit_next(unsigned int *tail, u64 *rung)
{
	rung[*tail] = wall_ns();
	*tail = (*tail + 1) % ENTRIES;
	bx_bar_write(ctrl, NVME_REG_DBS + 8, *tail);
}

/* Keeps @depth commands on their way, and says how long each took beyond what was asked for, in percent of that. */
static void sample(unsigned int depth, double *excess)
{
	const struct nvme_completion *cq = (void *)(memory + (cq_of(1) - BASE));
	u64 rung[ENTRIES];
	unsigned int head = 0, tail = 0, phase = 1;

	for (unsigned int i = 0; i < depth; i++)
		submit_next(&tail, rung);
	for (unsigned int done = 0; done < SAMPLES; done++) {
		u64 ns;

		while ((le16_to_cpu(smp_load_acquire(&cq[head].status)) & 1) != phase)
			;
		ns = wall_ns() - rung[cq[head].command_id];
		excess[done] = 100 * ((double)ns - ASKED_NS) / ASKED_NS;
		head = (head + 1) % ENTRIES;
		phase ^= !head;
		bx_bar_write(ctrl, NVME_REG_DBS + 8 + 4, head);
		submit_next(&tail, rung);
	}
}

static void measure_delivered(unsigned int depth)
{
	static double excess[SAMPLES];
	struct load load = { 1, nvme_cmd_read, 0, 0 };
	pthread_t engine;

	begin(1);
	bx_timing_set(ctrl, &(struct bx_timing_values){ .read_latency_ns = ASKED_NS });
	fill_queue(&load);
	stop_serving = false;
	if (pthread_create(&engine, NULL, serve, NULL))
		die("no thread");
	sample(depth, excess);
	WRITE_ONCE(stop_serving, true);
	pthread_join(engine, NULL);
	end();
	qsort(excess, SAMPLES, sizeof(*excess), compare);
	printf("  100 us asked for, depth %2u: %.2f %% more at the median, %.2f %% at the 99th percentile\n",
	       depth, excess[SAMPLES / 2], excess[SAMPLES * 99 / 100]);
}

int main(void)
{
	double one, two;

	kit_begin();
	memory = aligned_alloc(4096, MEMORY);
	bar = aligned_alloc(4096, BX_BAR_SIZE);
	store_memory = aligned_alloc(4096, BLOCKS * 4096ul);
	memset(store_memory, 1, BLOCKS * 4096ul);

	begin(1);
	/* First what writes, so that what is read is stored. */
	report(1, "Write 4 KiB", nvme_cmd_write);
	report(1, "Read 4 KiB", nvme_cmd_read);
	one = report(1, "Verify (no copying)", nvme_cmd_verify);
	measure_stages();
	end();
	begin(2);
	report(2, "Write 4 KiB", nvme_cmd_write);
	report(2, "Read 4 KiB", nvme_cmd_read);
	two = report(2, "Verify (no copying)", nvme_cmd_verify);
	end();
	printf("  two engines do %.2f times what one does (on %u processors)\n", two / one,
	       (unsigned int)sysconf(_SC_NPROCESSORS_ONLN));
	measure_delivered(1);
	measure_delivered(32);
	free(memory);
	free(bar);
	free(store_memory);
	return 0;
}
