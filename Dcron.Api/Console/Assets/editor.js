// The job form: colours in the script, and what the schedule means while it is typed.
'use strict';
(() => {
    const form = document.getElementById('job-form');
    if (!form) return;

    const WORDS = {
        python: 'False None True and as assert async await break case class continue def del elif else except finally for from global if import in is lambda match nonlocal not or pass raise return try while with yield',
        ruby: 'BEGIN END alias and begin break case class def defined? do else elsif end ensure false for if in module next nil not or redo rescue retry return self super then true undef unless until when while yield require',
        sh: 'case do done elif else esac fi for function if in select then time until while break continue return exit export local readonly set shift source trap unset echo cd',
        js: 'async await break case catch class const continue default delete do else export extends false finally for function if import in instanceof let new null of return static super switch this throw true try typeof undefined var void while with yield',
        perl: 'and cmp continue die do else elsif eq for foreach ge gt if last le local lt my ne next no not or our package print redo require return sub unless until use while x xor',
    };
    const LIKE = { bash: 'sh', zsh: 'sh', node: 'js', deno: 'js', bun: 'js', powershell: 'sh' };
    const escape = text => text.replace(/[&<>]/g, sign => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' }[sign]));
    const colour = (text, type) => {
        const language = WORDS[type] ? type : LIKE[type] ?? 'sh';
        const words = new Set(WORDS[language].split(' '));
        const note = language === 'js' ? String.raw`\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)` : String.raw`#[^\n]*`;
        const parts = new RegExp(String.raw`(?<note>${note})|(?<text>"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)|"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?|${'`'}(?:\\[\s\S]|[^${'`'}\\])*${'`'}?)|(?<num>\b\d[\d_.]*(?:[eE][+-]?\d+)?\b)|(?<name>[@$][A-Za-z_]\w*|\b[A-Za-z_]\w*\??)`, 'g');
        let html = '', last = 0;
        for (const match of text.matchAll(parts)) {
            html += escape(text.slice(last, match.index));
            last = match.index + match[0].length;
            const groups = match.groups;
            const kind = groups.note ? 'note' : groups.text ? 'text' : groups.num ? 'num' : words.has(match[0]) ? 'key' : /^[@$]/.test(match[0]) || text[last] === '(' ? 'name' : '';
            html += kind ? `<span class="k-${kind}">${escape(match[0])}</span>` : escape(match[0]);
        }
        return html + escape(text.slice(last)) + '\n';
    };

    const editor = form.querySelector('[data-editor]');
    const area = editor.querySelector('textarea'), code = editor.querySelector('code'), back = editor.querySelector('pre');
    const type = document.getElementById('script_type');
    const show = () => {
        // A very long script is quicker to write without colours.
        const on = area.value.length < 100000;
        editor.classList.toggle('on', on);
        code.innerHTML = on ? colour(area.value, type.value) : '';
        place();
    };
    const place = () => { back.scrollTop = area.scrollTop; back.scrollLeft = area.scrollLeft; };
    area.addEventListener('input', show);
    area.addEventListener('scroll', place);
    type.addEventListener('change', show);
    area.addEventListener('keydown', event => {
        // Tab indents; Escape and then Tab leaves, so that the keyboard is not caught here.
        if (event.key === 'Escape') { area.dataset.leave = '1'; return; }
        if (event.key === 'Tab' && !event.shiftKey && area.dataset.leave !== '1') {
            event.preventDefault();
            area.setRangeText('    ', area.selectionStart, area.selectionEnd, 'end');
            show();
        }
        delete area.dataset.leave;
    });
    show();

    // A chosen file is shown, and can be changed before it is saved.
    const file = document.getElementById('file');
    file.addEventListener('change', async () => {
        const chosen = file.files[0];
        if (!chosen || chosen.size > 256 * 1024) return;
        const bytes = await chosen.arrayBuffer();
        try { area.value = new TextDecoder('utf-8', { fatal: true }).decode(bytes); } catch { return; } // no text: it is sent as it is
        file.value = '';
        const guessed = { py: 'python', rb: 'ruby', sh: 'bash', js: 'node', pl: 'perl' }[chosen.name.split('.').at(-1)];
        if ([...type.options].some(option => option.value === guessed)) type.value = guessed;
        show();
    });

    const preview = document.getElementById('preview'), time = document.getElementById('time'), zone = document.getElementById('timezone');
    const gap = document.getElementById('dst_gap'), overlap = document.getElementById('dst_overlap');
    let timer = 0, asked = 0;
    const look = async () => {
        const mine = ++asked;
        const query = new URLSearchParams({ time: time.value, timezone: zone.value, seed: preview.dataset.seed ?? '', dst_gap: gap.value, dst_overlap: overlap.value });
        const answer = await fetch(`/console/preview?${query}`, { headers: { accept: 'text/html' } }).catch(() => null);
        if (answer?.ok && mine === asked) preview.innerHTML = await answer.text();
    };
    for (const field of [time, zone, gap, overlap]) field.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(look, 150); });

    // Closing the page by mistake must not lose a script.
    let changed = false;
    form.addEventListener('input', () => { changed = true; });
    form.addEventListener('submit', () => { changed = false; });
    addEventListener('beforeunload', event => { if (changed) event.preventDefault(); });
    form.querySelector('[aria-invalid=true]')?.focus();
})();
