// Shows a log of any size: only the lines in sight are in the page, only the blocks around them are fetched. How many lines stand in each
// block is told by the server, so that every line has its number and its place from the beginning.
'use strict';
(() => {
    const view = document.getElementById('log');
    if (!view) return;
    const address = view.dataset.log;
    const running = view.dataset.running === 'true';
    const state = document.getElementById('log-state');
    const followBox = document.getElementById('follow');
    const LINE = 18, MARGIN = 30, TALLEST = 8_000_000, OVERRUN = 65536, KEPT_BLOCKS = 24, LONGEST = 8192;

    const space = document.createElement('div');
    space.className = 'log-space';
    const rows = document.createElement('div');
    rows.className = 'log-lines';
    space.append(rows);
    const note = document.createElement('div');
    note.className = 'empty';

    let size = 0;              // bytes of the log, as far as they are counted
    let blockBytes = 262144;
    let breaks = [];           // line breaks in each block
    let before = [0];          // line breaks before each block
    let lastByteBreaks = true; // whether the log ends with a line break
    let whole = false;         // the counting has reached the end
    let hits = [];             // lines found, in order
    let hitAt = -1;
    let needle = '';
    let marked = 0;            // the line that the address names
    const blocks = new Map();  // number -> { starts, bytes, first } or a promise of it

    const lineCount = () => size === 0 ? 0 : before.at(-1) + (lastByteBreaks ? 0 : 1);
    const height = () => Math.min(TALLEST, lineCount() * LINE);
    // Browsers lay out only so much: beyond it, one pixel of the scroll bar is more than a pixel of the log.
    const scale = () => { const all = lineCount() * LINE; return all > TALLEST ? (all - view.clientHeight) / (TALLEST - view.clientHeight) : 1; };
    const topLine = () => Math.floor(view.scrollTop * scale() / LINE);

    const fetchRange = async (from, to) => {
        const answer = await fetch(address, { headers: { range: `bytes=${from}-${to - 1}` }, cache: 'no-store' });
        if (answer.status === 416) return new Uint8Array();
        if (!answer.ok) throw new Error(`status ${answer.status}`);
        const bytes = new Uint8Array(await answer.arrayBuffer());
        return answer.status === 206 ? bytes : bytes.subarray(from, to);
    };

    // A block has the lines that begin after a line break in it; the first one also has line 1.
    const load = number => {
        const known = blocks.get(number);
        if (known) { blocks.delete(number); blocks.set(number, known); return known; }
        const from = number * blockBytes;
        const end = Math.min(size, from + blockBytes + OVERRUN);
        const promise = fetchRange(from, end).then(bytes => {
            // On its way from the worker to the object store a log can be out of sight for a moment: that is no block to keep.
            if (bytes.length < end - from) throw new Error('fewer bytes than there are');
            const starts = number === 0 ? [0] : [];
            for (let at = bytes.indexOf(10); at >= 0 && at < blockBytes; at = bytes.indexOf(10, at + 1)) if (from + at + 1 < size) starts.push(at + 1);
            const block = { starts, bytes, first: number === 0 ? 1 : before[number] + 2 };
            if (blocks.get(number) === promise) blocks.set(number, block);
            return block;
        });
        promise.catch(() => { if (blocks.get(number) === promise) blocks.delete(number); });
        blocks.set(number, promise);
        while (blocks.size > KEPT_BLOCKS) blocks.delete(blocks.keys().next().value);
        return promise;
    };

    const blockOf = line => { // the last block whose first own line is not after it
        let low = 0, high = breaks.length - 1;
        while (low < high) { const middle = (low + high + 1) >> 1; if (before[middle] + 2 <= line) low = middle; else high = middle - 1; }
        return low;
    };

    const decoder = new TextDecoder();
    const textOf = (block, index) => {
        const from = block.starts[index];
        let to = block.bytes.indexOf(10, from);
        const cut = to < 0 && block.bytes.length - from >= LONGEST || to - from > LONGEST;
        if (to < 0) to = block.bytes.length;
        const text = decoder.decode(block.bytes.subarray(from, Math.min(to, from + LONGEST)));
        return cut ? `${text} … (a line of more than ${LONGEST} bytes: download the log to see all of it)` : text;
    };

    // Colours as terminals show them; other control sequences are left out. After a carriage return, a line begins anew.
    const paint = text => {
        const fragment = document.createDocumentFragment();
        text = text.replace(/\r+$/, '');
        const anew = text.lastIndexOf('\r');
        if (anew >= 0) text = text.slice(anew + 1);
        let classes = '';
        const styles = { weight: '', slant: '', line: '', front: '', back: '' };
        const add = part => {
            if (!part) return;
            const pieces = needle ? split(part) : [part];
            pieces.forEach((piece, i) => {
                if (!piece) return;
                const node = i % 2 ? document.createElement('mark') : classes ? document.createElement('span') : null;
                if (node) { node.textContent = piece; if (classes) node.className = classes; fragment.append(node); } else fragment.append(piece);
            });
        };
        let last = 0;
        // eslint-disable-next-line no-control-regex
        for (const match of text.matchAll(/\x1b(?:\[([0-9;:?]*)([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])|[\x00-\x08\x0b-\x1f\x7f]/g)) {
            add(text.slice(last, match.index));
            last = match.index + match[0].length;
            if (match[2] === 'm') { apply(match[1], styles); classes = Object.values(styles).filter(Boolean).join(' '); }
        }
        add(text.slice(last));
        return fragment;
    };
    const apply = (codes, styles) => {
        const list = codes.split(/[;:]/).map(Number);
        for (let i = 0; i < list.length; i++) {
            const code = list[i];
            if (code === 0) Object.keys(styles).forEach(key => { styles[key] = ''; });
            else if (code === 1) styles.weight = 'a-b';
            else if (code === 2) styles.weight = 'a-d';
            else if (code === 3) styles.slant = 'a-i';
            else if (code === 4) styles.line = 'a-u';
            else if (code === 22) styles.weight = '';
            else if (code === 23) styles.slant = '';
            else if (code === 24) styles.line = '';
            else if (code >= 30 && code <= 37) styles.front = `c${code - 30}`;
            else if (code >= 90 && code <= 97) styles.front = `c${code - 90}`;
            else if (code === 39) styles.front = '';
            else if (code >= 40 && code <= 47) styles.back = `g${code - 40}`;
            else if (code >= 100 && code <= 107) styles.back = `g${code - 100}`;
            else if (code === 49) styles.back = '';
            else if (code === 38 || code === 48) {
                const colour = list[i + 1] === 5 ? near(list[i + 2]) : list[i + 1] === 2 ? nearest(list.slice(i + 2, i + 5)) : null;
                if (colour !== null) styles[code === 38 ? 'front' : 'back'] = `${code === 38 ? 'c' : 'g'}${colour}`;
                i += list[i + 1] === 5 ? 2 : 4;
            }
        }
    };
    const near = code => code < 16 ? code % 8 : code >= 232 ? (code < 244 ? 0 : 7) : nearest([code - 16 - (code - 16) % 36, ((code - 16) % 36) * 6, ((code - 16) % 6) * 43]);
    const nearest = rgb => (rgb[0] > 110 ? 1 : 0) + (rgb[1] > 110 ? 2 : 0) + (rgb[2] > 110 ? 4 : 0);
    const split = text => { // every second piece is a match
        const pieces = [], lower = text.toLowerCase();
        let last = 0;
        for (let at = lower.indexOf(needle); at >= 0; at = lower.indexOf(needle, last)) { pieces.push(text.slice(last, at), text.slice(at, at + needle.length)); last = at + needle.length; }
        pieces.push(text.slice(last));
        return pieces;
    };

    let drawing = 0, wanted = false;
    const draw = async () => {
        if (drawing) { wanted = true; return; }
        drawing = 1;
        try {
            do { wanted = false; await drawOnce(); } while (wanted);
        } catch {
            state.textContent = 'The log can’t be read right now; trying again …';
            setTimeout(draw, 2000);
        } finally { drawing = 0; }
    };
    const drawOnce = async () => {
        const total = lineCount();
        note.hidden = total > 0;
        space.style.setProperty('height', `${height()}px`);
        const factor = scale(), top = topLine();
        const from = Math.max(0, top - MARGIN), to = Math.min(total, top + Math.ceil(view.clientHeight / LINE) + MARGIN);
        if (to <= from) { rows.replaceChildren(); return; }
        const fragment = document.createDocumentFragment();
        const digits = `${String(total).length}ch`;
        let block = null, number = -1;
        for (let line = from + 1; line <= to; line++) {
            if (!block || line >= block.first + block.starts.length) {
                number = block ? number + 1 : blockOf(line);
                block = await load(number);
                while (line >= block.first + block.starts.length && number < breaks.length - 1) block = await load(++number);
            }
            const index = line - block.first;
            const row = document.createElement('div');
            row.className = `ll${line === marked ? ' here' : ''}${hits[hitAt] === line ? ' hit' : ''}`;
            const link = document.createElement('a');
            link.href = `#L${line}`;
            link.textContent = line;
            link.tabIndex = -1;
            link.style.setProperty('min-width', `calc(${digits} + 1.6em)`);
            const text = document.createElement('span');
            if (index >= 0 && index < block.starts.length) text.append(paint(textOf(block, index)));
            row.append(link, text);
            fragment.append(row);
        }
        rows.replaceChildren(fragment);
        const offset = factor === 1 ? from * LINE : view.scrollTop - (view.scrollTop * factor - from * LINE);
        rows.style.setProperty('transform', `translateY(${offset}px)`);
    };

    const scrollTo = line => { view.scrollTop = Math.max(0, ((line - 1) * LINE - view.clientHeight / 3) / scale()); draw(); };
    const toEnd = () => { space.style.setProperty('height', `${height()}px`); view.scrollTop = view.scrollHeight; draw(); };
    const tell = text => { state.textContent = text; };
    const summary = () => `${lineCount().toLocaleString('en')} lines`;
    const empty = text => { note.textContent = text; };

    const setBreaks = (from, list) => {
        breaks.length = from;
        breaks.push(...list);
        before.length = from + 1;
        for (const count of list) before.push(before.at(-1) + count);
    };

    // Counts lines from the block on that may have grown.
    const index = async () => {
        whole = false;
        while (!whole) {
            const answer = await fetch(`${address}/lines?from=${Math.max(0, breaks.length - (size % blockBytes ? 1 : 0))}`, { cache: 'no-store' });
            if (!answer.ok) throw new Error(`status ${answer.status}`);
            const lines = await answer.json();
            blockBytes = lines.block_bytes;
            for (let i = lines.first_block; i <= breaks.length; i++) blocks.delete(i);
            setBreaks(lines.first_block, lines.line_breaks);
            size = Math.min(lines.size, breaks.length * blockBytes);
            whole = size === lines.size;
            const tail = size > 0 ? await fetchRange(size - 1, size) : [10];
            lastByteBreaks = tail[0] === 10;
            if (!whole) tell(`${summary()} so far (${Math.floor(100 * size / lines.size)} % counted)`);
            jump();
            await draw();
            if (lines.line_breaks.length === 0) break;
        }
        tell(summary());
    };

    // The line that the address names, once it is known where it is.
    let jumped = false;
    const jump = () => {
        const line = Number(/^#L(\d+)$/.exec(location.hash)?.[1] ?? 0);
        if (!line) { jumped = true; return; }
        if (!jumped && line <= lineCount()) { jumped = true; marked = line; followBox.checked = false; scrollTo(line); }
    };
    window.addEventListener('hashchange', () => { jumped = false; jump(); draw(); });
    view.addEventListener('click', event => {
        const link = event.target.closest('a[href^="#L"]');
        if (!link) return;
        event.preventDefault();
        history.replaceState(null, '', link.getAttribute('href'));
        marked = Number(link.textContent);
        draw();
    });

    // Follows a script that runs: what comes is put behind what is there.
    let position = 0;
    const encoder = new TextEncoder();
    const append = (offset, text, end) => {
        const bytes = encoder.encode(text);
        if (offset !== size || bytes.length !== end - offset) return false; // not what is missing here, or no UTF-8: ask the server to count
        let at = 0;
        while (at < bytes.length) {
            const number = Math.floor((size) / blockBytes);
            const part = bytes.subarray(at, at + Math.min(bytes.length - at, blockBytes - size % blockBytes));
            let count = 0;
            for (let i = part.indexOf(10); i >= 0; i = part.indexOf(10, i + 1)) count++;
            setBreaks(number, [(breaks[number] ?? 0) + count]);
            size += part.length;
            at += part.length;
            blocks.delete(number);
            blocks.delete(number - 1);
        }
        lastByteBreaks = bytes.at(-1) === 10;
        return true;
    };
    const onLog = async (offset, text, end) => {
        if (end <= size) return;
        if (!append(offset, text, end)) await index();
        tell(`${summary()} · running`);
        if (followBox.checked) toEnd(); else await draw();
    };
    const follow = async () => {
        for (let ended = false; !ended;) {
            try {
                const answer = await fetch(`${address}?follow=true`, { headers: { 'last-event-id': String(position), accept: 'text/event-stream' }, cache: 'no-store' });
                if (!answer.ok) throw new Error(`status ${answer.status}`);
                const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
                let rest = '';
                for (let chunk; !(chunk = await reader.read()).done;) {
                    rest += chunk.value;
                    const events = rest.split('\n\n');
                    rest = events.pop();
                    for (const event of events) {
                        const field = name => event.split('\n').find(line => line.startsWith(`${name}: `))?.slice(name.length + 2);
                        if (field('event') === 'log') {
                            const data = JSON.parse(field('data'));
                            position = Number(field('id'));
                            await onLog(data.offset, data.text, position);
                        } else if (field('event') === 'end') ended = true;
                    }
                }
            } catch { /* the server went away, or will be asked by another */ }
            if (!ended) { tell(`${summary()} · waiting for the server …`); await new Promise(resolve => setTimeout(resolve, 1000)); }
        }
        for (let tries = 1; tries <= 20 && !await index().then(() => true, () => false); tries++) await new Promise(resolve => setTimeout(resolve, 500));
        if (lineCount() === 0) empty('The script wrote nothing.');
        if (followBox.checked) toEnd();
    };

    // Search: the server reads through the log and tells the lines.
    const find = document.getElementById('find'), count = document.getElementById('find-count');
    let search = 0;
    const begin = async text => {
        const mine = ++search;
        needle = text.toLowerCase();
        hits = [];
        hitAt = -1;
        const url = new URL(location);
        if (text) url.searchParams.set('find', text); else url.searchParams.delete('find');
        history.replaceState(null, '', url);
        count.textContent = '';
        draw();
        if (!text) return;
        let offset = 0, line = 1;
        while (offset !== null && mine === search && hits.length < 10000) {
            const answer = await fetch(`${address}/search?q=${encodeURIComponent(text)}&offset=${offset}&line=${line}`, { cache: 'no-store' });
            if (!answer.ok || mine !== search) return;
            const found = await answer.json();
            for (const match of found.matches) if (hits.at(-1) !== match.line) hits.push(match.line);
            offset = found.next_offset;
            line = found.next_line;
            if (hitAt < 0 && hits.length > 0) go(1);
            told(offset !== null);
        }
    };
    const told = more => { count.textContent = hits.length === 0 ? (more ? 'searching …' : 'no match') : `${hitAt + 1} of ${hits.length}${more ? '+' : ''}`; };
    const go = step => {
        if (hits.length === 0) return;
        hitAt = (hitAt + step + hits.length) % hits.length;
        followBox.checked = false;
        told(false);
        scrollTo(hits[hitAt]);
    };
    document.getElementById('log-search').addEventListener('submit', event => {
        event.preventDefault();
        if (find.value.toLowerCase() !== needle) begin(find.value); else go(1);
    });
    document.getElementById('find-before').addEventListener('click', () => go(-1));
    find.addEventListener('input', () => { if (!find.value) begin(''); });
    find.addEventListener('keydown', event => { if (event.key === 'Enter' && event.shiftKey) { event.preventDefault(); go(-1); } });

    view.addEventListener('scroll', () => { draw(); }, { passive: true });
    view.addEventListener('wheel', event => { if (event.deltaY < 0) followBox.checked = false; }, { passive: true });
    view.addEventListener('keydown', event => {
        if (event.key === 'End') { event.preventDefault(); toEnd(); }
        else if (event.key === 'Home') { event.preventDefault(); view.scrollTop = 0; }
        else if (['PageUp', 'ArrowUp'].includes(event.key)) followBox.checked = false;
    });
    document.getElementById('log-top').addEventListener('click', () => { followBox.checked = false; view.scrollTop = 0; });
    document.getElementById('log-end').addEventListener('click', toEnd);
    followBox.addEventListener('change', () => { if (followBox.checked) toEnd(); });
    new ResizeObserver(() => draw()).observe(view);

    view.replaceChildren(note, space);
    followBox.checked = running && !location.hash;
    followBox.disabled = !running;
    const first = new URL(location).searchParams.get('find');
    if (first) find.value = first;
    const start = async () => {
        try {
            await index();
            if (lineCount() === 0) empty(running ? 'Nothing yet …' : 'The script wrote nothing.');
        } catch (error) {
            if (!running) {
                const answer = await fetch(address, { headers: { range: 'bytes=0-0' } }).catch(() => null);
                const problem = answer && answer.status === 404 ? await answer.json().catch(() => null) : null;
                tell('');
                empty(problem?.detail ?? 'The log can’t be read right now. Reload to try again.');
                return;
            }
        }
        if (first) begin(first);
        if (running) { position = size; if (followBox.checked) toEnd(); follow(); }
    };
    start();
})();
