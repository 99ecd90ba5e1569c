// The page of all claims: filters whose values stand in the address, as in #paper=de-nas&outcome=fails, so that a
// filtered view can be linked; and #mnist-m-56 opens one row. Without this script all rows are shown.
(() => {
  const form = document.getElementById("claim-filter");
  const rows = [...document.querySelectorAll("details.claim[id]")];

  function openRow() {
    const row = rows.find((one) => one.id === decodeURIComponent(location.hash.slice(1)));
    if (!row) return false;
    row.open = true;
    row.scrollIntoView();
    return true;
  }

  if (!form) {
    addEventListener("hashchange", openRow);
    openRow();
    return;
  }

  const fields = [...form.elements].filter((field) => field.name);
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const sections = new Map();
  for (const row of rows) {
    const section = row.closest("section");
    sections.set(section, [...(sections.get(section) || []), row]);
  }

  function apply() {
    const chosen = fields.filter((field) => field.value.trim() !== "");
    let shown = 0;
    rows.forEach((row, place) => {
      const fits = chosen.every((field) =>
        field.name === "text"
          ? field.value.toLowerCase().trim().split(/\s+/).every((word) => texts[place].includes(word))
          : row.dataset[field.name] === field.value,
      );
      row.hidden = !fits;
      shown += fits;
    });
    for (const [section, inside] of sections) section.hidden = inside.every((row) => row.hidden);
    form.querySelector("output").value = `${shown} of ${rows.length} rows`;
    return new URLSearchParams(chosen.map((field) => [field.name, field.value.trim()])).toString();
  }

  function write() {
    const values = apply();
    history.replaceState(null, "", values ? `#${values}` : location.pathname + location.search);
  }

  function read() {
    const values = new URLSearchParams(location.hash.slice(1));
    const known = fields.some((field) => values.has(field.name));
    const one = rows.some((row) => row.id === decodeURIComponent(location.hash.slice(1)));
    if (!known && !one && location.hash) return; // a heading, or a rule
    for (const field of fields) {
      field.value = values.get(field.name) || "";
      if (field.value !== (values.get(field.name) || "")) field.value = ""; // no such choice
    }
    apply();
    if (known) form.scrollIntoView();
    else openRow();
  }

  form.hidden = false;
  form.addEventListener("input", write);
  form.addEventListener("reset", () => setTimeout(write));
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", read);
  read();
})();
