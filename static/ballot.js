// Each choice is saved at once. Without this file, the form's own button saves it.
(() => {
  const form = document.querySelector('form[data-ballot]');
  if (!form) return;
  const button = form.querySelector('[type=submit]'), status = document.getElementById('saved');
  const boxes = [...form.querySelectorAll('[name=choices]')];
  const chosen = () => boxes.filter((box) => box.checked).map((box) => box.value).join();
  const say = (text) => { status.textContent = text; };
  let kept = chosen(), busy = false;

  const show = (answer) => {
    document.querySelectorAll('[name=version]').forEach((field) => { field.value = answer.version; });
    document.getElementById('receipt').textContent = answer.receipt;
    document.querySelectorAll('[data-while]').forEach((part) => { part.hidden = (part.dataset.while === 'in') !== !!answer.receipt; });
    say(answer.said);
  };

  const save = async () => {
    if (busy || chosen() === kept) return;
    const sent = chosen(), body = new URLSearchParams(new FormData(form));
    busy = true;
    say(form.dataset.saving);
    let answer = null;
    try {
      answer = await fetch(form.action, { method: 'POST', body, headers: { Accept: 'application/json' }, redirect: 'manual', keepalive: true });
      // All that is not simply "saved" is said by a page: the form goes as it would without this file.
      if (!answer.ok) return form.submit();
      show(await answer.json());
      kept = sent;
      button.hidden = true;
    } catch {
      button.hidden = false;
      say(form.dataset.unsaved);
      return;
    } finally {
      busy = false;
    }
    save();
  };

  form.addEventListener('change', (event) => {
    if (boxes.filter((box) => box.checked).length > Number(form.dataset.ballot)) {
      event.target.checked = false;
      return say(form.dataset.full);
    }
    save();
  });
  button.hidden = true;
  if (!status.textContent.trim()) say(form.dataset.ready);
})();
