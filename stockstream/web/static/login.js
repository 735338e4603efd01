// Login: whoever came by a link to a layout goes on to it.

document.querySelector("form").action += location.hash;
