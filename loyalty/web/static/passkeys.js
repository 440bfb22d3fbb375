"use strict";
/* Passkeys: a form with `data-passkey` (get or create) is shown where the browser has them. It asks `data-options` what to sign, lets the
   browser sign, and sends the answer to the form's own address, which says where to go on. */
(() => {
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const read = (options) => {
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    for (const list of [options.excludeCredentials, options.allowCredentials]) for (const one of list || []) one.id = bytes(one.id);
    return options;
  };
  const written = (credential) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
      if (credential.response[name]) response[name] = text(credential.response[name]);
    return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
  };
  const post = async (address, data) => {
    const answer = await fetch(address, { method: "POST", body: data, credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      event.stopPropagation();
      const said = form.querySelector("[data-said]");
      said.textContent = "";
      try {
        const data = new FormData(form);
        const options = read(await post(form.dataset.options, data));
        const credential = await navigator.credentials[form.dataset.passkey]({ publicKey: options });
        data.set("credential", written(credential));
        location.assign((await post(form.action, data)).to);
      } catch {
        said.textContent = form.dataset.failed;
      }
    });
  }
})();
