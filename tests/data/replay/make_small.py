#!/usr/bin/env python3
"""Makes the small recording beside this script, in the format of docs/replay.md: make_small.py FOLDER

A driver of its own sets up an SMMU with a linear stream table and an ITS of two processors, maps, unmaps and remaps
pages of one device, lets another bypass, moves an interrupt, and is stopped twice. What hardware does with that is
worked out here, from the architecture; no model had a part in it."""
import gzip
import json
import os
import struct
import sys

RAM, RAM_SIZE = 0x40000000, 0x1000000
SMMU, GICD, ITS, GICR = 0x09050000, 0x08000000, 0x08080000, 0x080A0000
DOORBELL = ITS + 0x10040
STRTAB, CMDQ, EVTQ = 0x40100000, 0x40110000, 0x40120000
CD, ROOT = 0x40130000, 0x40140000
ITS_QUEUE, DEVICES, COLLECTIONS = 0x40200000, 0x40210000, 0x40220000
LPI_CONFIG, PENDING = 0x40230000, 0x40240000
ITT = 0x40260000
CMDQ_LOG2, EVTQ_LOG2, SID_BITS = 4, 5, 4
MAPPED, BYPASSED, INVALID, BEYOND = 0x1, 0x2, 0x3, 0x20
DEVICE_EVENT_BITS = 2

seq = 0
rows = {name: [] for name in (
    'mmio.csv', 'smmu_commands.csv', 'its_commands.csv', 'pte_observed.csv', 'config_fetches.csv',
    'translations_all.csv', 'translations.csv', 'smmu_events.csv', 'msis.csv', 'its_final_routes.csv', 'mem.idx')}
header = {
    'mmio.csv': 'seq,device,offset,size,value,rw',
    'smmu_commands.csv': 'seq,queue_slot,dw0,dw1,decoded',
    'its_commands.csv': 'seq,queue_slot,dw0,dw1,dw2,dw3,decoded',
    'pte_observed.csv': 'seq,pte_pa,pte',
    'config_fetches.csv': 'seq,streamid,ste_addr,evidence,' + ','.join(f'ste{i}' for i in range(8)) + ',cd_addr,' +
                          ','.join(f'cd{i}' for i in range(8)),
    'translations_all.csv': 'seq,streamid,iova,pa,perm,outcome',
    'translations.csv': 'streamid,iova,access,pa,count,first_seq,valid_in_snapshots',
    'smmu_events.csv': 'seq,streamid,iova,type,rnw,dw0,dw1,dw2,dw3',
    'msis.csv': 'seq,t_us,deviceid,eventid,msi_iova,doorbell_pa,lpi_intid,icid,target_redist,acked_by_cpu,ack_seq',
    'its_final_routes.csv': 'deviceid,eventid,lpi_intid,icid,target_redist',
    'mem.idx': 'snap,pa,page_no,kind',
}
memory = {}       # address -> 64-bit word, as the driver left it
registers = {}    # (device, offset) -> value
snapshots, pages, kinds = [], [], {}
commands = its_commands = events = 0


def now():
    global seq
    seq += 2
    return seq


def text(values):
    return ','.join(v if isinstance(v, str) else str(v) if isinstance(v, int) else hex(v[0]) for v in values)


def H(value):
    return (value,)


def add(name, *values):
    rows[name].append(text(values))


def store(address, value, kind):
    memory[address] = value
    kinds[address & ~0xfff] = kind


def write(device, offset, value, size=4):
    registers[device, offset] = value
    recorded = offset & 0xffff if device == 'smmu' and offset >= 0x10000 else offset
    add('mmio.csv', now(), device, H(recorded), size, H(value), 'w')


def smmu(*batch):
    """Commands, and the write that hands them over."""
    global commands
    at = now() + 1
    for name, dw0, dw1 in batch:
        slot = commands % (1 << CMDQ_LOG2)
        add('smmu_commands.csv', now(), slot, H(dw0), H(dw1), name)
        store(CMDQ + 16 * slot, dw0, 'smmu-cmdq')
        store(CMDQ + 16 * slot + 8, dw1, 'smmu-cmdq')
        commands = (commands + 1) % (2 << CMDQ_LOG2)
    registers['smmu', 0x98] = commands
    add('mmio.csv', at, 'smmu', '0x98', 4, H(commands), 'w')


def its(*batch):
    global its_commands
    at = now() + 1
    for name, *words in batch:
        add('its_commands.csv', now(), its_commands, *[H(w) for w in words], name)
        its_commands += 1
    registers['its', 0x88] = its_commands * 32
    add('mmio.csv', at, 'its', '0x88', 4, H(its_commands * 32), 'w')


SYNC = ('SYNC cs=2', 0x46 | 2 << 12, 0)
INVALIDATE = [('CFGI_STE_RANGE/ALL', 4, 31), SYNC, ('TLBI_NSNH_ALL', 0x30, 0), SYNC]


def table(parent, index, level):
    """The table below a descriptor; made on demand."""
    address = parent + 8 * index
    if not memory.get(address, 0) & 1:
        store(address, (ROOT + 0x1000 * (1 + len([a for a in kinds if kinds[a] == 'pgtable']))) | 3, 'pgtable')
        kinds[memory[address] & ~0xfff] = 'pgtable'
    return memory[address] & 0xfffffffff000


def descriptor_of(iova):
    at = ROOT
    path = []
    for level in range(3):
        index = iova >> (39 - 9 * level) & 0x1ff
        path.append(at + 8 * index)
        at = table(at, index, level)
    return path + [at + 8 * (iova >> 12 & 0x1ff)]


def map_page(iova, pa, writable):
    path = descriptor_of(iova)
    store(path[3], pa | 0x403 | 1 << 11 | (1 << 6) | (0 if writable else 1 << 7) | 3 << 8, 'pgtable')
    return path


observed = {}


def observe(iova):
    for address in descriptor_of(iova):
        value = memory.get(address, 0)
        if observed.get(address) != value:
            add('pte_observed.csv', now(), H(address), H(value))
            observed[address] = value
        if not value & 1:
            return


def translate(sid, iova, pa, perm, outcome='ok'):
    if sid == MAPPED:
        observe(iova)
    add('translations_all.csv', now(), H(sid), H(iova), H(pa), perm, outcome)


def fault(sid, iova, name, kind, rnw):
    global events
    if sid == MAPPED:
        observe(iova)
    has_address = rnw is not None
    words = [sid << 32 | kind, (rnw << 35) if has_address else 0, iova if has_address else 0, 0]
    add('smmu_events.csv', now(), H(sid), H(iova), name, rnw if has_address else '', *[H(w) for w in words])
    events = (events + 1) % (2 << EVTQ_LOG2)
    registers['smmu', 0x100a8] = events


def msi(event, iova, intid, collection, target):
    translate(MAPPED, iova, DOORBELL, 3)
    add('msis.csv', now(), seq, H(MAPPED), H(event), H(iova), H(DOORBELL), H(intid), H(collection), target, target, seq)


def fetch(sid, ste, cd=None):
    add('config_fetches.csv', now(), H(sid), H(STRTAB + 64 * sid), 'both', *[H(w) for w in ste],
        *([H(CD)] + [H(w) for w in cd] if cd else [''] * 9))


def snapshot(tag):
    index = len(snapshots)
    smmu_names = {'CR0': 0x20, 'CR0ACK': 0x20, 'CR1': 0x28, 'CR2': 0x2c, 'STRTAB_BASE': 0x80, 'STRTAB_BASE_CFG': 0x88,
                  'CMDQ_BASE': 0x90, 'CMDQ_PROD': 0x98, 'CMDQ_CONS': 0x98, 'EVENTQ_BASE': 0xa0,
                  'EVENTQ_PROD': 0x100a8, 'EVENTQ_CONS': 0x100ac}
    # Both stages, 16-bit ASIDs and VMIDs, two-level stream tables; no stalls; 4 KiB granule, 44 bits.
    words = {'IDR0': H(0x0d40101b), 'IDR1': H(5 << 21 | 6 << 16 | SID_BITS), 'IDR3': H(0x404), 'IDR5': H(0x14),
             'GERROR': H(0), 'GERRORN': H(0)}
    for name, offset in smmu_names.items():
        words[name] = H(registers.get(('smmu', offset), 0))
    its_words = {'GITS_TYPER': H(0xf << 13 | 0xf << 8 | 7 << 4 | 1), 'GITS_CTLR': H(registers['its', 0]),
                 'GITS_CWRITER': H(registers['its', 0x88]), 'GITS_CREADR': H(registers['its', 0x88])}
    gicr = [{'cpu': cpu, 'GICR_CTLR': '0x1', 'GICR_PROPBASER': hex(LPI_CONFIG | 15),
             'GICR_PENDBASER': hex(PENDING + 0x10000 * cpu)} for cpu in range(2)]
    snapshots.append({'index': index, 'tag': tag, 'seq': now(),
                      'smmu': {k: hex(v[0]) for k, v in words.items()},
                      'its': {k: hex(v[0]) for k, v in its_words.items()},
                      'gicd': {'GICD_TYPER': hex(15 << 19)}, 'gicr': gicr})
    for page in sorted(kinds):
        content = b''.join(struct.pack('<Q', memory.get(page + 8 * i, 0)) for i in range(512))
        number = -1
        if any(content):
            number = pages.index(content) if content in pages else len(pages)
            if number == len(pages):
                pages.append(content)
        add('mem.idx', index, H(page), number, kinds[page])


def set_up_gic():
    for cpu in range(2):
        write(f'gicr{cpu}', 0x14, 0)
        write(f'gicr{cpu}', 0x70, LPI_CONFIG | 15, 8)
        write(f'gicr{cpu}', 0x78, PENDING + 0x10000 * cpu, 8)
        write(f'gicr{cpu}', 0x0, 1)
        write('gicd', 0x10c, 1)
    write('its', 0x100, 1 << 63 | 7 << 48 | DEVICES | 15, 8)
    write('its', 0x108, 1 << 63 | 7 << 48 | COLLECTIONS, 8)
    write('its', 0x80, 1 << 63 | ITS_QUEUE, 8)
    write('its', 0x88, 0)
    write('its', 0x0, 1)
    for cpu in range(2):
        its((f'MAPC ICID {cpu}', 0x9, 0, 1 << 63 | cpu << 16 | cpu, 0), ('SYNC', 0x5, 0, cpu << 16, 0))


def set_up_smmu():
    write('smmu', 0x20, 0)
    write('smmu', 0x28, 0xd75)
    write('smmu', 0x2c, 0x2)
    write('smmu', 0x80, 1 << 62 | STRTAB, 8)
    write('smmu', 0x88, SID_BITS)
    write('smmu', 0x90, 1 << 62 | CMDQ | CMDQ_LOG2, 8)
    write('smmu', 0x98, 0)
    write('smmu', 0x9c, 0)
    write('smmu', 0x20, 0x8)
    smmu(*INVALIDATE)
    write('smmu', 0xa0, 1 << 62 | EVTQ | EVTQ_LOG2, 8)
    write('smmu', 0x100a8, 0)
    write('smmu', 0x100ac, 0)
    write('smmu', 0x20, 0xd)


def attach(sid, ste, cd=None):
    for i, word in enumerate(ste):
        store(STRTAB + 64 * sid + 8 * i, word, 'strtab')
    for i, word in enumerate(cd or []):
        store(CD + 8 * i, word, 'cd')
    smmu((f'CFGI_STE sid={sid}', 3 | sid << 32, 1), SYNC, (f'PREFETCH_CFG sid={sid}', 1 | sid << 32, 0))


def main(folder):
    kinds[STRTAB] = 'strtab'
    set_up_gic()
    set_up_smmu()
    for sid, iova in ((INVALID, 0x1000), (BEYOND, 0x2000)):
        fault(sid, iova, 'C_BAD_STE' if sid == INVALID else 'C_BAD_STREAMID', 4 if sid == INVALID else 2, None)
    # 48-bit input, 4 KiB, write-back, EPD1, V, 44 bits, AA64, R, A, ASET, ASID 5.
    cd = [16 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 30 | 1 << 31 | 4 << 32 | 1 << 41 | 7 << 45 | 5 << 48, ROOT, 0,
          0xff, 0, 0, 0, 0]
    ste = [CD | 5 << 1 | 1, 1 << 2 | 1 << 4 | 3 << 6, 0, 0, 0, 0, 0, 0]
    bypass = [4 << 1 | 1, 1 << 44, 0, 0, 0, 0, 0, 0]
    kinds[ROOT] = 'pgtable'
    map_page(0x10000000, 0x40800000, True)
    map_page(0x10001000, 0x40801000, False)
    map_page(0xfffff000, DOORBELL & ~0xfff, True)
    attach(MAPPED, ste, cd)
    fetch(MAPPED, ste, cd)
    translate(MAPPED, 0x10000123 & ~3, 0x40800120, 3)
    translate(MAPPED, 0x10001ff8, 0x40801ff8, 1)
    fault(MAPPED, 0x10001ffc, 'F_PERMISSION', 0x13, 0)
    fault(MAPPED, 0x10002000, 'F_TRANSLATION', 0x10, 1)
    attach(BYPASSED, bypass)
    fetch(BYPASSED, bypass)
    translate(BYPASSED, 0x40900000, 0x40900000, 3, 'bypass')
    its(('MAPD', 8 | MAPPED << 32, DEVICE_EVENT_BITS - 1, 1 << 63 | ITT, 0),
        ('MAPTI', 0xa | MAPPED << 32, 8192 << 32 | 0, 0, 0), ('MAPTI', 0xa | MAPPED << 32, 8193 << 32 | 3, 1, 0),
        ('SYNC', 5, 0, 0, 0))
    msi(0, 0xfffff040, 8192, 0, 0)
    msi(3, 0xfffff040, 8193, 1, 1)
    snapshot('mapped')
    write('smmu', 0x100ac, events)
    # Unmapped, invalidated, and mapped to another page.
    store(descriptor_of(0x10000000)[3], 0, 'pgtable')
    smmu(('TLBI_NH_VA asid=5', 0x12 | 5 << 48, 0x10000000 | 1), SYNC)
    fault(MAPPED, 0x10000120, 'F_TRANSLATION', 0x10, 0)
    map_page(0x10000000, 0x40900000, True)
    translate(MAPPED, 0x10000120, 0x40900120, 3)
    its(('MOVI', 1 | MAPPED << 32, 0, 1, 0), ('SYNC', 5, 0, 1 << 16, 0))
    msi(0, 0xfffff040, 8192, 1, 1)
    snapshot('remapped')
    for name, pa, list_, access in (('0x10000000', '0x40800000', '0', 'rw'), ('0x10001000', '0x40801000', '0;1', 'r'),
                                    ('0x10000000', '0x40900000', '1', 'rw'),
                                    ('0xfffff040', hex(DOORBELL), '0;1', 'rw')):
        rows['translations.csv'].append(f'{hex(MAPPED)},{name},{access},{pa},1,2,{list_}')
    for event, intid, collection in ((0, 8192, 1), (3, 8193, 1)):
        add('its_final_routes.csv', H(MAPPED), H(event), H(intid), H(collection), collection)
    os.makedirs(folder, exist_ok=True)
    for name, lines in rows.items():
        lines.sort(key=lambda line: int(line.split(',')[0], 0) if header[name].startswith('seq') else 0)
        with open(os.path.join(folder, name), 'w', encoding='ascii') as out:
            out.write('\n'.join([header[name]] + lines) + '\n')
    with open(os.path.join(folder, 'mem.bin.gz'), 'wb') as out:
        out.write(gzip.compress(b''.join(pages), mtime=0))
    with open(os.path.join(folder, 'regs.json'), 'w', encoding='ascii') as out:
        json.dump({'memory_map': {'gicd': hex(GICD), 'its': hex(ITS), 'its_translater': hex(DOORBELL),
                                  'gicr': f'{hex(GICR)} + 0x20000*cpu', 'smmu': hex(SMMU),
                                  'ram': f'{hex(RAM)} size {hex(RAM_SIZE)}'},
                   'snapshots': snapshots}, out, indent=1)
        out.write('\n')
    with open(os.path.join(folder, 'recording.json'), 'w', encoding='ascii') as out:
        json.dump({'recording': 'small', 'kernel': 'a driver of Doorbell\'s tests'}, out, indent=1)
        out.write('\n')


main(sys.argv[1])
