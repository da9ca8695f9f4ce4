// Everything here is a convenience: each page works without it.
(() => {
  const all = (selector, act, root = document) => root.querySelectorAll(selector).forEach(act);
  const language = document.documentElement.lang || undefined;

  // Tap to copy.
  const copy = async (button) => {
    try { await navigator.clipboard.writeText(button.dataset.copy); } catch { return getSelection().selectAllChildren(button.previousElementSibling); }
    button.dataset.label ??= button.innerHTML;
    button.textContent = button.dataset.done;
    setTimeout(() => { button.innerHTML = button.dataset.label; }, 2500);
  };

  // A second press of the same button within 3 seconds does nothing and says so.
  const pressed = new Map();
  const restore = (form) => {
    const [button, label] = pressed.get(form) || [];
    if (button) { button.innerHTML = label; button.removeAttribute('aria-disabled'); }
    pressed.delete(form);
  };
  addEventListener('submit', (event) => {
    const form = event.target, button = event.submitter || form.querySelector('[type=submit]');
    if (event.defaultPrevented || form.method !== 'post' || !button) return;
    if (pressed.has(form)) return event.preventDefault();
    pressed.set(form, [button, button.innerHTML]);
    button.setAttribute('aria-disabled', 'true');
    button.textContent = document.body.dataset.wait;
    setTimeout(restore, 3000, form);
  });
  addEventListener('pageshow', () => [...pressed.keys()].forEach(restore));

  // The reader's own time beside the newsroom's.
  const localise = (time) => {
    const own = new Date(time.dateTime).toLocaleString(language, { weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
    if (!time.textContent.includes(own.slice(-5))) time.append(' ' + document.body.dataset.local.replace('{time}', own));
  };

  // The amount chooser: the button names the amount; the other amount has its yearly sum.
  const amounts = (form) => {
    const other = form.elements.other_amount, sum = form.querySelector('[data-yearly]'), button = form.querySelector('[data-give]');
    const format = new Intl.NumberFormat(language, { style: 'currency', currency: form.elements.currency.value, trailingZeroDisplay: 'stripIfInteger' });
    const money = (value) => format.format(value);
    const amount = (text) => {
      const [whole, , part = ''] = /^\s*(\d{1,9})([.,](\d+))?\s*$/.exec(text)?.slice(1) || [0];
      return part.length > format.resolvedOptions().maximumFractionDigits ? 0 : Number(`${whole}.${part}`);
    };
    const show = () => {
      const picked = form.querySelector('[name=amount]:checked');
      const typed = amount(other.value);
      const value = picked && picked.value !== 'other' ? Number(picked.value) : typed;
      if (sum) sum.textContent = typed ? sum.dataset.yearly.replace('{money}', money(typed * 12)) : '';
      button.textContent = value ? button.dataset.give.replace('{money}', money(value)) : button.dataset.plain;
    };
    form.addEventListener('change', show);
    other.addEventListener('input', () => { form.querySelector('[value=other]').checked = true; show(); });
    show();
  };

  // Replaces one region of the page by the same region of another answer of ours.
  const swap = async (region, url) => {
    const answer = await fetch(url, { headers: { Accept: 'text/html' } });
    const next = answer.ok && new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById(region.id);
    if (!next || next.innerHTML === region.dataset.seen) return;
    region.replaceWith(next);
    ready(next);
    return next;
  };

  // Cadence and currency without a reload; what was typed and the focus stay.
  const choose = async (event) => {
    const link = event.target.closest('a'), region = event.target.closest('[data-swap]');
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    const typed = region.querySelector('[name=email]').value;
    const next = await swap(region, link.href).catch(() => null);
    if (!next) return location.assign(link.href);
    history.replaceState(null, '', link.href);
    next.querySelector('[name=email]').value = typed;
    [...next.querySelectorAll('.tabs a')].find((tab) => tab.textContent === link.textContent)?.focus();
  };

  // A page that waits for news asks again by itself.
  const wait = (region) => {
    const seen = region.dataset.seen = region.innerHTML;
    setTimeout(async () => {
      if (!document.hidden && await swap(region, location.href).catch(() => null)) return;
      region.innerHTML === seen && wait(region);
    }, Number(region.dataset.refresh) * 1000);
  };

  const ready = (root) => {
    all('[data-copy]', (button) => { button.hidden = false; button.onclick = () => copy(button); }, root);
    all('time[data-local]', localise, root);
    all('form[data-amounts]', amounts, root);
    if (root.dataset?.refresh) wait(root);
    all('[data-refresh]', wait, root);
    all('[data-swap] .tabs', (tabs) => { tabs.onclick = choose; }, root);
    if (root.dataset && 'swap' in root.dataset) all('.tabs', (tabs) => { tabs.onclick = choose; }, root);
  };
  ready(document);
})();
