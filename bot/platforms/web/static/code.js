// The claim code, shown in groups of four while it is typed; a pasted link gives up its code.

const input = document.getElementById("code");

input.addEventListener("input", () => {
  const link = input.value.match(/\/c\/([0-9A-Za-z]{12})/);
  const code = (link ? link[1] : input.value).toUpperCase().replace(/[^0-9A-Z]/g, "").slice(0, 12);
  const end = input.selectionStart === input.value.length;
  if (end || link) input.value = code.replace(/(.{4})(?=.)/g, "$1 ");
});
