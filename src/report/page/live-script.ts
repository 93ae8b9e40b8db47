/** The script of a host's pages: starts, cancels, resumes, retries and searches jobs. */
export const ACTION_SCRIPT = `
(() => {
  const said = document.getElementById('said');
  const say = (text) => { if (said) said.textContent = text; };
  const ask = async (method, path, body, headers) => {
    const answer = await fetch(path, { method, body, headers });
    const text = await answer.text();
    const json = text === '' ? {} : JSON.parse(text);
    if (!answer.ok) throw new Error(json.detail ?? json.title ?? 'The host answered ' + answer.status + '.');
    return json;
  };
  const post = (path, body) =>
    ask('POST', path, JSON.stringify(body), { 'content-type': 'application/json' });
  const trying = async (text, work) => {
    say(text);
    try { await work(); } catch (error) { say(error.message); }
  };

  document.addEventListener('click', (event) => {
    const button = event.target.closest('button[data-post]');
    if (!button) return;
    const by = document.getElementById(button.dataset.profile)?.value;
    void trying(button.textContent.trim() + ' …', async () => {
      button.disabled = true;
      try {
        const { jobId } = await post(button.dataset.post, by ? { profile: by } : {});
        location.assign('/ui/' + encodeURIComponent(jobId));
      } finally { button.disabled = false; }
    });
  });

  const search = document.getElementById('search');
  search?.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    const address = new URL(location.href);
    address.searchParams.delete('after');
    if (search.value === '') address.searchParams.delete('q');
    else address.searchParams.set('q', search.value);
    location.assign(address);
  });

  const zone = document.getElementById('new');
  if (!zone) return;
  const [file, rows, kind, profile, planned] = ['file', 'rows', 'kind', 'profile', 'planned'].map((id) => document.getElementById(id));
  let dropped;
  let staged;
  const forget = () => { staged = undefined; planned.replaceChildren(); say(''); };
  const chosen = () => dropped ?? file.files[0] ?? (rows.value.trim() === '' ? undefined : new File([rows.value], 'pasted.' + kind.value));
  const stage = async () => {
    if (staged) return staged;
    const input = chosen();
    if (!input) throw new Error('Choose a file, drop one here, or paste rows.');
    const key = 'staged/page/' + crypto.randomUUID() + '/' + input.name;
    const { url } = await post('/uploads', { key, bytes: input.size });
    const { pathname, search: query } = new URL(url);
    await ask('PUT', pathname + query, input, { 'if-none-match': '*' });
    staged = { name: input.name, inputs: [key] };
    return staged;
  };
  file.addEventListener('change', () => { dropped = undefined; forget(); });
  for (const each of [rows, kind, profile]) each.addEventListener('input', forget);
  zone.addEventListener('dragover', (event) => { event.preventDefault(); zone.classList.add('over'); });
  zone.addEventListener('dragleave', () => zone.classList.remove('over'));
  zone.addEventListener('drop', (event) => {
    event.preventDefault();
    zone.classList.remove('over');
    dropped = event.dataTransfer.files[0];
    forget();
    if (dropped) say(dropped.name + ' is chosen.');
  });
  document.getElementById('plan').addEventListener('click', () => trying('Planning …', async () => {
    const { inputs } = await stage();
    const { lines } = await post('/ui/plan', { inputs, profile: profile.value });
    planned.replaceChildren(...lines.map((line) => {
      const item = document.createElement('li');
      item.textContent = line;
      return item;
    }));
    say('Nothing was sent.');
  }));
  document.getElementById('start').addEventListener('click', () => trying('Starting …', async () => {
    const { name, inputs } = await stage();
    const { jobId } = await post('/jobs', { name, inputs, profile: profile.value });
    location.assign('/ui/' + encodeURIComponent(jobId));
  }));
})();
`;
