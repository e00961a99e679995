#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Protection information of every type: what is right passes, a wrong guard or tag is refused with its own status, and a command that
# was refused has changed nothing.
# vm: --memmap 512M@5G
# long
. /usr/lib/bx-lab/emu.sh

# PRINFO of a command: the controller makes the information, or checks the guard, the application tag, the reference tag.
act=8
guard=4
app=2
ref=1

# metadata SIZE METADATA OFFSET REFTAG: /tmp/data for a block, and metadata for it, right and wrong ones, as /tmp/meta.KIND.
metadata() {
	python3 - "$@" <<-'END'
		import os, sys
		size, metadata, offset, reftag = map(int, sys.argv[1:])

		def crc(data):
		    value = 0
		    for byte in data:
		        value ^= byte << 8
		        for _ in range(8):
		            value = value << 1 ^ (0x18bb7 if value & 0x8000 else 0)
		    return value

		def save(kind, content):
		    with open(f"/tmp/{kind}", "wb") as f:
		        f.write(content)

		def meta(guard, apptag, reftag):
		    information = guard.to_bytes(2, "big") + apptag.to_bytes(2, "big") + reftag.to_bytes(4, "big")
		    return spare[:offset] + information + spare[offset:]

		assert crc(b"123456789") == 0xd0db
		data = os.urandom(size)
		spare = os.urandom(metadata - 8)
		right = crc(data + spare[:offset])
		save("data", data)
		save("other", bytes(byte ^ 0x55 for byte in data))
		save("meta.right", meta(right, 0x1234, reftag))
		save("meta.guard", meta(right ^ 0x100, 0x1234, reftag))
		save("meta.app", meta(right, 0x1235, reftag))
		save("meta.ref", meta(right, 0x1234, reftag + 1))
		save("meta.exempt", meta(right ^ 1, 0xffff, 0xffffffff))
	END
}

# block VERB KIND PRINFO [OPTIONS...]: one block of $disk with /tmp/data and /tmp/meta.KIND; `got` is what was read, `other` is
# other data with the right metadata of /tmp/data.
block() {
	verb=$1 with=$2 prinfo=$3 data=/tmp/data
	shift 3
	case $with in
	got) data=/tmp/got ;;
	other) data=/tmp/other with=right ;;
	esac
	nvme "$verb" "$disk" --start-block="$lba" --block-count=0 --data-size="$size" --data="$data" \
		--metadata-size="$meta" --metadata="/tmp/meta.$with" --prinfo="$prinfo" --app-tag-mask=0xffff "$@"
}
# verify PRINFO APPTAG REFTAG: by hand, since `nvme verify' of nvme-cli 2.3 succeeds with a wrong application tag, and this is refused.
verify() {
	nvme io-passthru "$disk" --opcode=0x0c --namespace-id="$nsid" --cdw10="$lba" --cdw12=$(($1 << 26)) --cdw14="$3" \
		--cdw15=$((0xffff0000 | $2))
}
# The tags of the block as it was written.
right() {
	"$@" --app-tag=0x1234 --ref-tag="$tag"
}

# wrong STATUS COMMAND...: nvme-cli shows this status field, with or without Do Not Retry.
wrong() {
	field=$1
	shift
	refuse "0x4?$field\\)" "$@"
}

# reads KIND: the block has this metadata, and the data of that.
reads() {
	rm -f /tmp/got /tmp/meta.got
	right block read got 0 >/dev/null
	cmp /tmp/got /tmp/data || fail "$disk: other data"
	cmp /tmp/meta.got "/tmp/meta.$1" || fail "$disk: $(od -An -tx1 /tmp/meta.got), not $(od -An -tx1 "/tmp/meta.$1")"
}

# check TYPE SIZE METADATA OFFSET-OF-THE-INFORMATION
check() {
	type=$1 size=$2 meta=$3 lba=100 tag=100
	# In type 1 the reference tag is the address, in type 2 it is any, in type 3 nobody looks at it.
	checked=$((guard | app | ref))
	[ "$type" = 1 ] || tag=7654321
	[ "$type" != 3 ] || checked=$((guard | app))
	metadata "$size" "$meta" "$4" $tag

	# Nobody has written it: nothing is checked.
	right block read got $checked >/dev/null
	# What comes with the data is looked at, and stored only if it is right.
	right block write right $checked >/dev/null
	reads right
	right block read got $checked >/dev/null
	wrong 282 right block write other $guard
	wrong 282 right block write guard $checked
	wrong 283 right block write app $checked
	[ "$type" = 3 ] || wrong 284 right block write ref $checked
	reads right
	# A command that asks for what is not there.
	wrong 283 block read got $checked --app-tag=0x4321 --ref-tag=$tag
	block read got $((checked & ~app)) --app-tag=0x4321 --ref-tag=$tag >/dev/null
	block read got $checked --app-tag=0x4321 --ref-tag=$tag --app-tag-mask=0x0 >/dev/null
	case $type in
	2) wrong 284 block read got $ref --app-tag=0 --ref-tag=$((tag + 1)) ;;
	*) wrong 181 block read got $ref --app-tag=0 --ref-tag=$((tag + 1)) ;;
	esac
	[ "$type" != 3 ] || wrong 181 right block read got $ref
	right block compare right $checked >/dev/null
	wrong 283 block compare right $checked --app-tag=0x4321 --ref-tag=$tag
	verify $checked 0x1234 $tag >/dev/null
	wrong 283 verify $checked 0x4321 $tag
	# Stored without a check, it is found when somebody looks.
	for kind in guard app ref; do
		case $type-$kind in
		*-guard) status=282 ;;
		*-app) status=283 ;;
		3-*) continue ;;
		*) status=284 ;;
		esac
		right block write $kind 0 >/dev/null
		reads $kind
		wrong "$status" right block read got $checked
		wrong "$status" verify $checked 0x1234 $tag
	done
	right block write exempt 0 >/dev/null
	right block read got $checked >/dev/null
	# The controller makes it, whatever the host has there.
	right block write guard $act >/dev/null
	reads right
	right block read got $((act | checked)) >/dev/null
	echo "type $type, $size + $meta, at $4: all of it is right"
}

make protected queues=2 \
	namespaces/1/size=16M namespaces/1/metadata_size=8 namespaces/1/pi_type=1 \
	namespaces/2/size=16M namespaces/2/metadata_size=8 namespaces/2/pi_type=2 namespaces/2/lba_size=4096 \
	namespaces/3/size=16M namespaces/3/metadata_size=8 namespaces/3/pi_type=3 \
	namespaces/4/size=16M namespaces/4/metadata_size=64 namespaces/4/pi_type=1 namespaces/4/lba_size=4096 \
	namespaces/5/size=16M namespaces/5/metadata_size=16 namespaces/5/pi_type=2 namespaces/5/pi_first=1
for settings in "1 1 512 8 0" "2 2 4096 8 0" "3 3 512 8 0" "4 1 4096 64 56" "5 2 512 16 0"; do
	nsid=${settings%% *}
	disk=$(disk protected "$nsid")
	# shellcheck disable=SC2086
	check ${settings#* }
done
destroy protected
