// A link from another site comes without the session's cookie, which is kept from all that such a site begins. Asked once more from here, it is sent.
'use strict';
if (document.cookie.includes('dcron_signed_in=1') && !location.search.includes('again=1')) {
    location.replace(`${location.pathname}${location.search ? `${location.search}&` : '?'}again=1`);
}
