// Asks the device for a passkey when a form wants one; without this script, or without passkeys, the mail signs in.
(() => {
  if (!window.PublicKeyCredential) return;
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (letter) => letter.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  const read = (options) => {
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    for (const each of [...(options.excludeCredentials || []), ...(options.allowCredentials || [])]) each.id = bytes(each.id);
    return options;
  };
  const written = (key) => {
    const response = {};
    for (const name of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
      if (key.response[name]) response[name] = text(key.response[name]);
    }
    return JSON.stringify({ id: key.id, rawId: text(key.rawId), type: key.type, response, clientExtensionResults: {} });
  };
  const ask = async (form) => {
    const failed = form.querySelector('[role=alert]');
    failed.hidden = true;
    try {
      const key = await navigator.credentials[form.dataset.passkey]({ publicKey: read(JSON.parse(form.dataset.options)) });
      form.elements.credential.value = written(key);
      form.submit();
    } catch { failed.hidden = false; }
  };
  document.querySelectorAll('form[data-passkey]').forEach((form) => {
    form.hidden = false;
    form.addEventListener('submit', (event) => { event.preventDefault(); ask(form); });
  });
  document.querySelectorAll('[data-without-passkeys]').forEach((line) => { line.hidden = true; });
})();
