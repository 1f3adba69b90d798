"""Posts become hits on a CPU, in layers of any kind, a unit of blocks of rows at a time.

Rows of ties, of a node's groups, of a group's members and of strangers are all read alike: the
blocks of many rows are compared together, the live slots are listed, and what they stand for is
asked for ahead of its use.
"""

import numpy as np

from weishang.kernels.cascade.numba.common.batch import LANE_BITS, UNIT_BLOCKS, view_threshold
from weishang.kernels.cascade.numba.common.intrinsics import prefetch
from weishang.kernels.cascade.numba.common.rng import (
    ALL_LANES,
    CERTAIN,
    GOLDEN,
    ONE,
    WORDS,
    ZERO,
    child,
    live_masks,
    trailing_zeros,
    uniform,
)
from weishang.kernels.cascade.numba.multilayer.batch import GROUPS, NOBODY, TIES
from weishang.kernels.cascade.numba.multilayer.decide import AHEAD, NODE_BITS, NODE_MASK, meet
from weishang.kernels.runtime.jit import jit_internal, jit_no_nrt

POST, BLOCK = range(2)
"""Places of the cursor."""


@jit_internal
def post_all(batch, row, hop, frontier, memory, posted):
    """The frontier posts in every layer.

    Args:
        batch: LayeredBatch.
        row, hop: where the cascade is.
        frontier: int64, marks of the posters at their own level.
        memory: Memory; those who are hit are marked there.
        posted: number of groups that are listed in `memory.posted`.

    Returns:
        Nodes hit, and the new `posted`.
    """
    fresh = 0
    numbers = np.empty(frontier.size, dtype=np.int64)
    marks = np.empty(frontier.size, dtype=np.int64)
    for i in range(frontier.size):
        numbers[i] = frontier[i] & NODE_MASK
    for number in range(batch.num_layers):
        limit = view_threshold(batch, row, number, hop)
        if limit == ZERO:
            continue
        layer = batch.layers[number]
        _mark(batch.paths, number, frontier, marks)
        view_key, weight_key = batch.view_keys[number, row], batch.weight_keys[number, row]
        if layer.kind == TIES:
            fresh += _show(layer, view_key, weight_key, limit, numbers, marks, batch.doses, memory)
        elif layer.kind == GROUPS:
            key = batch.post_keys[number, row]
            before = posted
            posted = _post_in_groups(layer, key, numbers, marks, memory, before)
            fresh += _show_members(
                layer, view_key, weight_key, limit, before, posted, batch, memory
            )
        else:
            key = batch.stranger_keys[number, row]
            fresh += _show_strangers(layer, view_key, key, limit, numbers, marks, batch, memory)
    return fresh, posted


@jit_no_nrt
def _mark(paths, number, frontier, marks):
    """Write what each poster's hits in a layer are marked with."""
    for i in range(frontier.size):
        marks[i] = frontier[i]
        if paths.size:
            level = np.int64(paths[number, frontier[i] >> NODE_BITS])
            marks[i] = level << NODE_BITS | (frontier[i] & NODE_MASK)


@jit_no_nrt
def _show(layer, view_key, weight_key, limit, numbers, marks, doses, memory):
    """Show posts to the targets of ties, or to the members of groups other than the poster.

    Args:
        layer: LayerArrays.
        view_key, weight_key: uint64, whose children are the words of rows.
        limit: uint64, threshold of the view.
        numbers, marks: int64, of each post, its row and the mark of its hits.
        doses, memory: see `meet`.

    Returns:
        Nodes that were not hit before in this hop.
    """
    rows, ids, unit, fresh = layer.rows, layer.ids, memory.unit, 0
    _start(unit.cursor)
    live = _next_slots(rows, 0, view_key, limit, numbers, unit)
    while live >= 0:
        if layer.limits.size:
            live = _pass_weights(rows, layer.limits, layer.kind, weight_key, numbers, unit, live)
        places, posts, targets, hit_marks = unit.places, unit.posts, unit.targets, unit.marks
        for i in range(live):
            prefetch(ids, places[min(i + AHEAD, live - 1)])
            targets[i] = ids[places[i]]
            prefetch(memory.state, targets[i])
            hit_marks[i] = marks[posts[i]]
        if layer.kind == GROUPS:
            live = _without_posters(targets, hit_marks, live)
        fresh += meet(targets, hit_marks, live, doses, memory.state, memory.hit, memory.words)
        live = _next_slots(rows, 0, view_key, limit, numbers, unit)
    return fresh


@jit_internal
def _show_members(layer, view_key, weight_key, limit, before, posted, batch, memory):
    """Show members what was posted in the groups memory.posted[before:posted]; see `_show`."""
    groups = np.empty(posted - before, dtype=np.int64)
    marks = np.empty(posted - before, dtype=np.int64)
    for i in range(posted - before):
        group = memory.posted[before + i]
        groups[i], marks[i] = group - layer.first_group, memory.posters[group]
    # The words of group g are those of a node N + g.
    step = GOLDEN * np.uint64(batch.num_nodes)
    return _show(
        layer,
        view_key + step,
        weight_key + step,
        limit,
        groups,
        marks,
        batch.doses,
        memory,
    )


@jit_no_nrt
def _show_strangers(layer, view_key, stranger_key, limit, numbers, marks, batch, memory):
    """Show posts to people whom the live slots' words draw; see `_show`."""
    unit, fresh = memory.unit, 0
    classes, by_class, class_rows = layer.classes, layer.ids, layer.rows
    no_rows = class_rows[:0]
    _start(unit.cursor)
    live = _next_slots(no_rows, layer.slots, view_key, limit, numbers, unit)
    while live >= 0:
        places, posts, targets, hit_marks = unit.places, unit.posts, unit.targets, unit.marks
        for i in range(live):
            node = numbers[posts[i]]
            word = child(child(stranger_key, np.uint64(node)), np.uint64(places[i]))
            upper = word >> WORDS
            if word & (CERTAIN - ONE) >= layer.chance:
                target = np.int64(upper * np.uint64(batch.num_nodes) >> WORDS)
            else:
                begin = class_rows[classes[node]]
                size = np.uint64(class_rows[classes[node] + 1] - begin)
                target = np.int64(by_class[begin + np.int64(upper * size >> WORDS)])
            targets[i] = target
            prefetch(memory.state, target)
            hit_marks[i] = marks[posts[i]]
        fresh += meet(targets, hit_marks, live, batch.doses, memory.state, memory.hit, memory.words)
        live = _next_slots(no_rows, layer.slots, view_key, limit, numbers, unit)
    return fresh


@jit_no_nrt
def _post_in_groups(layer, post_key, numbers, marks, memory, posted):
    """Post in groups: those where no one had posted before are listed; returns how many are.

    The poster of a group is the one with the smallest mark; what later hops make of it is not read.
    """
    unit, posters = memory.unit, memory.posters
    _start(unit.cursor)
    live = _next_slots(layer.node_rows, 0, post_key, layer.chance, numbers, unit)
    while live >= 0:
        places, posts = unit.places, unit.posts
        for i in range(live):
            group = layer.first_group + layer.node_groups[places[i]]
            if posters[group] == NOBODY:
                memory.posted[posted] = group
                posted += 1
            posters[group] = min(posters[group], marks[posts[i]])
        live = _next_slots(layer.node_rows, 0, post_key, layer.chance, numbers, unit)
    return posted


@jit_no_nrt
def _next_slots(rows, slots, key, limit, numbers, unit):
    """List the live slots of the next blocks of rows in `unit.places` and `unit.posts`.

    Args:
        rows: int64, row r is rows[r] .. rows[r + 1]; empty where all rows have `slots` slots.
        slots: see above.
        key: uint64, child r of it is the key of row r.
        limit: uint64, threshold.
        numbers: int64, rows that post.
        unit: Unit; call `_start` before the first call.

    Returns:
        Number of live slots; -1 when all rows are done.
    """
    keys, lanes, begins, owners = unit.keys, unit.lanes, unit.begins, unit.owners
    post, block, count = unit.cursor[POST], unit.cursor[BLOCK], 0
    if post == numbers.size:
        return -1
    while post < numbers.size and count < UNIT_BLOCKS:
        number = numbers[post]
        begin, left = np.int64(0), np.int64(slots)
        if rows.size:
            begin = rows[number]
            left = rows[number + 1] - begin
        row_key = child(key, np.uint64(number))
        begin += LANE_BITS * block
        left -= LANE_BITS * block
        while left > 0 and count < UNIT_BLOCKS:
            keys[count] = row_key + GOLDEN * WORDS * np.uint64(block)
            lanes[count] = ALL_LANES if left >= LANE_BITS else (ONE << np.uint64(left)) - ONE
            begins[count], owners[count] = begin, post
            begin += LANE_BITS
            left -= LANE_BITS
            block += 1
            count += 1
        if left <= 0:
            post += 1
            block = 0
    unit.cursor[POST], unit.cursor[BLOCK] = post, block
    live_masks(keys, lanes, np.uint64(count), limit, unit.masks)
    return _list_slots(count, unit.masks, begins, owners, unit.places, unit.posts)


@jit_no_nrt
def _start(cursor):
    """Put the cursor before the first row."""
    cursor[POST] = cursor[BLOCK] = 0


@jit_no_nrt
def _list_slots(blocks, masks, begins, owners, places, posts):
    live = 0
    for i in range(blocks):
        mask = masks[i]
        while mask != ZERO:
            places[live] = begins[i] + np.int64(trailing_zeros(mask))
            posts[live] = owners[i]
            live += 1
            mask &= mask - ONE
    return live


@jit_no_nrt
def _pass_weights(rows, limits, kind, key, numbers, unit, live):
    """Keep the live slots that also pass the weight of their tie or group; returns how many."""
    places, posts, kept = unit.places, unit.posts, 0
    for i in range(live):
        place, number = places[i], numbers[posts[i]]
        limit = limits[number if kind == GROUPS else place]
        row_key = child(key, np.uint64(number))
        if uniform(row_key, np.uint64(place - rows[number])) < limit:
            places[kept], posts[kept] = place, posts[i]
            kept += 1
    return kept


@jit_no_nrt
def _without_posters(targets, marks, live):
    """Drop hits of those who posted themselves; returns how many are left."""
    kept = 0
    for i in range(live):
        if targets[i] != marks[i] & NODE_MASK:
            targets[kept], marks[kept] = targets[i], marks[i]
            kept += 1
    return kept
