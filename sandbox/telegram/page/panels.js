/** Floating panels: where they open, and how the keyboard gets back to where it was. */

const GAP = 6;
const NARROW = 760;

/**
 * Open a popover beside `anchor` ({left, top, right, bottom} in the window). On a narrow window the style sheet
 * makes it a sheet at the bottom.
 */
export function openPanel(panel, anchor) {
  panel.style.left = "";
  panel.style.top = "";
  panel.showPopover();
  if (window.innerWidth <= NARROW) return;
  const { width, height } = panel.getBoundingClientRect();
  const below = anchor.bottom + GAP + height <= window.innerHeight - GAP;
  const top = below ? anchor.bottom + GAP : anchor.top - GAP - height;
  panel.style.left = `${clamp(anchor.left, window.innerWidth - width - GAP)}px`;
  panel.style.top = `${clamp(top, window.innerHeight - height - GAP)}px`;
}

function clamp(value, most) {
  return Math.round(Math.max(GAP, Math.min(value, most)));
}

/** Close it and put the focus back on `target`, the thing the panel was about. */
export function closePanel(panel, target) {
  if (panel.matches(":popover-open")) panel.hidePopover();
  target?.focus({ preventScroll: true });
}

export function pointAnchor(x, y) {
  return { left: x, right: x, top: y, bottom: y };
}
