// The reader's own counts stay in this browser; two small numbers and one yes-or-no travel with one request near the end.
(() => {
  const DAY = 864e5, first = document.getElementById('appeal');
  if (!first?.dataset.fragment) return;

  // Read anew each time: another tab may have counted, or have heard "not now". Without storage, this page remembers alone.
  let kept = {};
  const stored = () => { try { kept = JSON.parse(localStorage.appeal) || {}; } catch { /* closed to us, empty, or broken */ } return kept; };
  const keep = (more) => {
    kept = { ...stored(), ...more };
    try { localStorage.appeal = JSON.stringify(kept); } catch { /* closed to us, or full */ }
  };
  const lately = (name) => [stored()[name]].flat().filter((at) => Math.abs(Date.now() - at) < 30 * DAY).slice(-99);
  const count = (name) => keep({ [name]: [...lately(name), Date.now()] });

  const when = (element, options, act) => {
    const watch = new IntersectionObserver((entries) => {
      if (entries.some((each) => each.isIntersecting)) { watch.disconnect(); act(); }
    }, options);
    watch.observe(element);
  };
  const put = (html, hold) => {
    const old = document.getElementById('appeal'), next = new DOMParser().parseFromString(html, 'text/html').getElementById('appeal');
    if (!next) return false;
    // What stands below stays where it is, if it may be in sight; and so does the focus, if it is in here.
    if (hold && old.getBoundingClientRect().top < innerHeight) next.style.minHeight = `${old.getBoundingClientRect().height}px`;
    const focused = [...old.querySelectorAll('a')].indexOf(document.activeElement);
    old.replaceWith(next);
    next.querySelectorAll('a')[focused]?.focus({ preventScroll: true });
    const later = next.querySelector('[data-not-now]');
    if (!later) return true;
    when(next.querySelector('h2'), { threshold: 1 }, () => count('seen'));
    later.addEventListener('click', notNow);
    return true;
  };
  const ask = async (hold) => {
    const not_now = stored().not_now_until > Date.now() ? 1 : 0;
    const query = new URLSearchParams({ read: lately('read').length, seen: lately('seen').length, not_now });
    const answer = await fetch(`${first.dataset.fragment}?${query}`, { credentials: 'omit' }).catch(() => null);
    return answer?.ok ? put(await answer.text(), hold) : false;
  };
  const notNow = async () => {
    keep({ not_now_until: Date.now() + 30 * DAY });
    const answered = await ask(false), quiet = document.getElementById('appeal');
    if (!answered) { quiet.replaceChildren(); quiet.className = 'appeal quietly'; }
    quiet.tabIndex = -1;
    quiet.focus({ preventScroll: true });
  };

  count('read');
  when(first, { rootMargin: '0px 0px 150% 0px' }, () => ask(true));
})();
