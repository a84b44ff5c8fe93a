// What every page of the console does in the browser. Each page is whole without it, but for live figures.
'use strict';
(() => {
    const keep = (name, value) => {
        document.cookie = `${name}=${encodeURIComponent(value)}; path=/; max-age=31536000; samesite=lax`;
    };
    const kept = name => document.cookie.split('; ').find(part => part.startsWith(`${name}=`))?.split('=')[1];

    // Times are written by the server, in this browser's zone once it knows it.
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone && decodeURIComponent(kept('dcron_zone') ?? 'UTC') !== zone) {
        keep('dcron_zone', zone);
        if (decodeURIComponent(kept('dcron_zone') ?? '') === zone) location.reload();
    }

    // Light and dark: what the system prefers until somebody chooses.
    document.getElementById('theme')?.addEventListener('click', () => {
        const root = document.documentElement;
        const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
        root.dataset.theme = dark ? 'light' : 'dark';
        keep('dcron_theme', root.dataset.theme);
    });

    // What is marked as live is asked for again while somebody looks, and put in place where it has changed.
    const every = Number(document.body.dataset.every) * 1000;
    const note = document.getElementById('connection');
    let failures = 0;
    let timer = 0;
    const busy = element => element.contains(document.activeElement) && document.activeElement.matches('input, select, textarea')
        || element.querySelector('details[open]') !== null;
    const refresh = async () => {
        try {
            const answer = await fetch(location.pathname + location.search, { headers: { accept: 'text/html' }, redirect: 'follow', signal: AbortSignal.timeout(15000) });
            if (answer.redirected || answer.status === 401) return location.reload();
            if (answer.status >= 500) throw new Error(`status ${answer.status}`);
            const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
            if (failures > 0) {
                note.textContent = 'The server is back.';
                setTimeout(() => { if (failures === 0) note.hidden = true; }, 3000);
            }
            failures = 0;
            for (const element of document.querySelectorAll('[data-live]')) {
                const other = fresh.getElementById(element.id);
                if (!other) return location.reload();
                if (other.innerHTML !== element.innerHTML && !busy(element)) replace(element, other);
            }
            document.title = fresh.title;
            document.dispatchEvent(new Event('dcron:fresh'));
            const now = fresh.body.dataset.every;
            if (!now) return; // what it showed is over
            document.body.dataset.every = now;
        } catch {
            failures++;
            note.textContent = 'The server does not answer. What stands here is from before; it goes on by itself when the server is back.';
            note.hidden = false;
        }
        next();
    };
    // Links that have the focus keep it: the keyboard must not lose its place.
    const replace = (element, other) => {
        const links = [...element.querySelectorAll('a, button')];
        const at = links.indexOf(document.activeElement);
        element.innerHTML = other.innerHTML;
        if (at >= 0) element.querySelectorAll('a, button')[at]?.focus({ preventScroll: true });
    };
    const next = () => {
        clearTimeout(timer);
        if (every > 0 && !document.hidden) timer = setTimeout(refresh, failures > 0 ? Math.min(2000, every) : Number(document.body.dataset.every) * 1000);
    };
    document.addEventListener('visibilitychange', () => { if (!document.hidden && every > 0) refresh(); else clearTimeout(timer); });
    next();

    for (const choice of document.querySelectorAll('select[data-submit]')) choice.addEventListener('change', () => choice.form.requestSubmit());
    // A filter that is empty need not stand in the address.
    for (const form of document.querySelectorAll('form[method=get]')) {
        form.addEventListener('submit', () => { for (const field of form.elements) if (field.name && field.value === '') field.disabled = true; });
    }
    for (const button of document.querySelectorAll('[data-copy]')) {
        button.addEventListener('click', async () => {
            await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
            button.textContent = 'Copied';
        });
    }

    const help = document.getElementById('keys');
    document.getElementById('keyboard')?.addEventListener('click', () => help.showModal());
    const places = { o: '/', j: '/jobs', e: '/executions', c: '/calendar', w: '/workers', s: '/secrets', k: '/keys', a: '/audit' };
    let going = 0;
    document.addEventListener('keydown', event => {
        if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.('input, select, textarea')) return;
        if (event.timeStamp - going < 1000 && document.querySelector(`.bar nav a[href="${places[event.key]}"]`)) location.href = places[event.key];
        else if (event.key === 'g') going = event.timeStamp;
        else if (event.key === 'n' && document.querySelector('a[href="/jobs/new"]')) location.href = '/jobs/new';
        else if (event.key === '?') help?.showModal();
        else if (event.key === '/') {
            const search = document.querySelector('[data-search]');
            if (search) { search.focus(); event.preventDefault(); }
        }
    });
})();
