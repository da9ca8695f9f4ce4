// The reader's own counts stay in this browser; only two small numbers and one yes-or-no travel with one request near the end.
(() => {
  const DAY = 864e5, now = Date.now(), first = document.getElementById('appeal');
  if (!first?.dataset.fragment) return;
  let kept = {};
  try { kept = JSON.parse(localStorage.appeal) || {}; } catch { /* storage may be closed to us */ }
  const lately = (times = []) => times.filter((at) => now - at < 30 * DAY).slice(-99);
  const keep = (more) => { try { localStorage.appeal = JSON.stringify(Object.assign(kept, more)); } catch { /* as above */ } };
  const read = [...lately(kept.read), now], seen = lately(kept.seen);
  keep({ read, seen });

  const when = (element, margin, act) => {
    const watch = new IntersectionObserver((entries) => {
      if (entries.some((each) => each.isIntersecting)) { watch.disconnect(); act(); }
    }, { rootMargin: margin });
    watch.observe(element);
  };
  const put = (html) => {
    const next = new DOMParser().parseFromString(html, 'text/html').getElementById('appeal');
    if (!next) return;
    document.getElementById('appeal').replaceWith(next);
    const later = next.querySelector('[data-not-now]');
    if (!later) return;
    when(next, '0px', () => keep({ seen: [...seen, now] }));
    later.addEventListener('click', async () => {
      keep({ not_now_until: now + 30 * DAY });
      await ask();
      const quiet = document.getElementById('appeal');
      quiet.tabIndex = -1;
      quiet.focus({ preventScroll: true });
    });
  };
  const ask = async () => {
    const query = new URLSearchParams({ read: read.length, seen: seen.length, not_now: kept.not_now_until > now ? 1 : 0 });
    const answer = await fetch(`${first.dataset.fragment}?${query}`).catch(() => null);
    if (answer?.ok) put(await answer.text());
  };
  when(first, '0px 0px 150% 0px', ask);
})();
