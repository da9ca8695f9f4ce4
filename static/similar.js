// While a title is typed, topics that are like it appear below it; without this, they are shown once the form is sent.
(() => {
  const title = document.getElementById('title'), form = title?.form;
  if (!form) return;
  const compared = form.elements.compared || form.appendChild(Object.assign(document.createElement('input'), { type: 'hidden', name: 'compared' }));
  let timer = 0, turn = 0;
  const look = async () => {
    const asked = title.value, mine = ++turn;
    const answer = await fetch(`/topics/similar?${new URLSearchParams({ title: asked })}`, { credentials: 'omit' }).catch(() => null);
    const found = answer?.ok && new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('similar');
    if (!found || mine !== turn) return;
    // Only its content changes, so that screen readers tell what came.
    document.getElementById('similar').replaceChildren(...found.childNodes);
    compared.value = asked;
  };
  title.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(look, 400); });
})();
