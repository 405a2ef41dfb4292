// Saves a draft 2 s after the last key, when a field is left, and when the page is.
const { draft } = document.forms, beside = document.querySelector("#beside")
let typed = 0, going

const save = async event => {
  if (going || !typed) return
  going = 1
  typed = 0
  try {
    const answer = await fetch(draft.action, {
      method: "POST", body: new FormData(draft), headers: { "HX-Request": "true" }, keepalive: event.type == "pagehide"
    })
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#beside")
    draft.saved.value = fresh.dataset.saved
    const stops = () => [...beside.querySelectorAll("a, summary, button")], at = stops().indexOf(document.activeElement)
    beside.innerHTML = fresh.innerHTML
    if (at >= 0) (stops()[at] ?? beside).focus()
  } catch {
    draft.saved.value = "Not saved"
    typed = Date.now() + 9000
  }
  going = 0
}

setInterval(() => Date.now() > typed + 2000 && save({}), 500)
draft.oninput = () => { typed = Date.now() }
draft.onchange = onpagehide = save
draft.onsubmit = event => {
  typed = 0
  if (!going) return
  event.preventDefault()
  setTimeout(() => draft.requestSubmit(event.submitter), 99)
}
onpageshow = event => event.persisted && location.reload()
