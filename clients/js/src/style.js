/**
 * How the survey looks. A constructed style sheet: no policy for styles stands against it. Custom properties of the
 * host's page theme it; colours follow its `color-scheme`.
 */
export const CSS = `
:host{all:initial;display:contents!important;--b:var(--closeloop-background,#fff);--t:var(--closeloop-text,#1b1f24);--a:var(--closeloop-accent,#1f5fbf);
--o:var(--closeloop-on-accent,#fff);--l:var(--closeloop-line,#80868f);color-scheme:inherit}
@supports (color:light-dark(red,red)){:host{--b:var(--closeloop-background,light-dark(#fff,#1d2127));
--t:var(--closeloop-text,light-dark(#1b1f24,#f0f2f5));--a:var(--closeloop-accent,light-dark(#1f5fbf,#8ab4f8));
--o:var(--closeloop-on-accent,light-dark(#fff,#10141a));--l:var(--closeloop-line,light-dark(#80868f,#8b939e))}}
:host([hidden]){display:none!important}
:host([theme=light]){color-scheme:light}:host([theme=dark]){color-scheme:dark}
*{box-sizing:border-box}
.box{position:relative;background:var(--b);color:var(--t);padding:20px;border:1px solid var(--l);text-align:start;
border-radius:var(--closeloop-radius,12px);font:16px/1.4 var(--closeloop-font,system-ui,sans-serif);max-width:620px}
@media (max-width:480px){.box{padding:16px}}
.over{position:fixed;inset-block-end:16px;inset-inline-end:16px;width:calc(100% - 32px);max-height:calc(100% - 32px);
overflow:auto;z-index:var(--closeloop-layer,2147483000);box-shadow:0 8px 32px #0004;animation:rise .25s}
@keyframes rise{from{opacity:0;transform:translateY(12px)}}
@media (prefers-reduced-motion:reduce){.over{animation:none}}
form,fieldset{border:0;margin:0;padding:0;min-width:0}
legend{padding:0;margin-block-end:14px;font-weight:600;font-size:17px}
.over legend{padding-inline-end:40px}
.scale{display:grid;grid-template-columns:repeat(auto-fit,minmax(44px,1fr));gap:5px}
@media (max-width:350px){.scale:has(>:nth-child(6)){grid-template-columns:repeat(4,1fr)}}
.scale label{position:relative;display:grid;place-items:center;min-height:44px;border:1px solid var(--l);
border-radius:8px;cursor:pointer}
.scale input{position:absolute;inset:0;width:100%;height:100%;margin:0;opacity:0;cursor:pointer}
.scale label:hover{border-color:var(--a);box-shadow:inset 0 0 0 1px var(--a)}
.scale :checked+span{display:grid;place-items:center;position:absolute;inset:-1px;border-radius:8px;font-weight:600;
background:var(--a);color:var(--o);pointer-events:none}
.scale label:has(:focus-visible),button:focus-visible,textarea:focus-visible,.check input:focus-visible{
outline:3px solid var(--a);outline-offset:2px}
.ends{display:flex;justify-content:space-between;gap:16px;margin-block-start:8px;font-size:14px}
.ends :last-child{text-align:end}
.more{margin-block-start:16px}
.more>label{display:block}
textarea{display:block;width:100%;min-height:72px;margin-block:6px 12px;padding:10px;font:inherit;color:inherit;
background:0 0;border:1px solid var(--l);border-radius:8px;resize:vertical}
.check{display:flex!important;align-items:center;gap:10px;min-height:44px;margin-block-end:8px}
.check input{width:20px;height:20px;margin:0;accent-color:var(--a)}
button{min-width:44px;min-height:44px;font:inherit;color:inherit;background:0 0;border:1px solid #0000;border-radius:8px;
cursor:pointer}
.send{padding:0 20px;background:var(--a);color:var(--o);font-weight:600}
.close{position:absolute;inset-block-start:8px;inset-inline-end:8px}
.close::before,.close::after{content:"";position:absolute;inset-block-start:20px;inset-inline-start:12px;width:18px;
border-block-start:2px solid;rotate:45deg}
.close::after{rotate:-45deg}
.said{margin:0}
.said:not(:empty){margin-block-start:12px;font-weight:600}
.over .said.last{margin:0;padding-block:10px;padding-inline:0 44px}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
@media (forced-colors:active){.scale :checked+span{outline:3px solid Highlight}}
`;
