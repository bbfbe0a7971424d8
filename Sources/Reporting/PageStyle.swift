import Plotting

/// The page's style sheet: the charts' theme and the page's own rules. It holds no `<`, `>` or `&`,
/// so escaping leaves it as it is, and loads nothing.
enum PageStyle {
  static let css =
    Theme.css + """

      *{box-sizing:border-box}
      html{background:var(--ground);color:var(--ink);font:16px/1.55 system-ui,-apple-system,\
      sans-serif;-webkit-text-size-adjust:100%}
      body{margin:0 auto;max-width:1160px;padding:0 20px 48px}
      header{padding:40px 0 12px}
      h1{font-size:1.9rem;line-height:1.2;margin:0 0 8px;letter-spacing:-.01em;text-wrap:balance}
      h2{font-size:1.3rem;line-height:1.3;margin:0 0 12px;letter-spacing:-.005em}
      h3{font-size:1.05rem;margin:28px 0 8px;line-height:1.35}
      h3:first-child{margin-top:0}
      p{margin:0 0 12px;max-width:74ch}
      a{color:var(--series-1)}
      bdi{unicode-bidi:isolate}
      nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;margin:12px 0 0;padding:0;\
      font-size:.92rem}
      section{background:var(--paper);border:1px solid var(--grid);border-radius:10px;\
      padding:24px 26px;margin:20px 0}
      .lead{font-size:1.08rem;color:var(--muted)}
      .small,caption,figcaption,.key{font-size:.86rem;color:var(--muted)}
      .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,330px),1fr));gap:14px;\
      margin:20px 0 0}
      .tile{background:var(--paper);border:1px solid var(--grid);border-radius:10px;padding:16px 20px}
      .tile h2{font-size:1rem;margin:0 0 10px}
      .pair{display:grid;grid-template-columns:1fr 1fr;gap:16px}
      .pair div+div{border-left:1px solid var(--grid);padding-left:16px}
      .big{display:block;white-space:nowrap;font-size:2rem;font-weight:650;line-height:1.1;letter-spacing:-.02em;\
      font-variant-numeric:tabular-nums}
      .big small{font-size:1rem;font-weight:500;color:var(--muted);letter-spacing:0}
      .tile .key{display:block;margin-bottom:4px}
      .scroll{overflow-x:auto;margin:0 0 14px;border-radius:6px}
      .scroll:focus-visible{outline:2px solid var(--series-1)}
      table{border-collapse:collapse;width:100%;font-size:.92rem;\
      font-variant-numeric:tabular-nums}
      caption{text-align:left;padding:0 0 6px}
      th,td{text-align:left;padding:7px 9px;border-bottom:1px solid var(--grid);vertical-align:top}
      thead th{font-weight:600;color:var(--muted);font-size:.84rem;border-bottom-width:2px;\
      white-space:nowrap;vertical-align:bottom}
      tbody th{font-weight:500}
      table.stacks tbody th{min-width:15ch}
      .number{text-align:right;white-space:nowrap}
      tr.mean .number,tr.mean th{font-weight:650}
      tr.ours td,tr.ours th{background:color-mix(in srgb,var(--heat) 12%,transparent);font-weight:600}
      .badge{display:inline-block;border:1px solid currentColor;border-radius:99px;padding:0 8px;\
      font-size:.8rem;white-space:nowrap;color:var(--muted)}
      .badge.cross{color:var(--series-2)}
      .badge.home{color:var(--series-1)}
      .notes{padding:0;margin:0 0 4px;list-style:none}
      .notes li{padding:8px 0 8px 14px;border-left:3px solid var(--series-2);margin:0 0 8px}
      .notes p,.plain p{margin:0}
      figure{margin:0 0 16px}
      figcaption{margin-top:6px;max-width:60ch}
      .grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,380px),1fr));\
      gap:20px 34px;align-items:start}
      .grid .grid{gap:16px}
      .faces{display:grid;grid-template-columns:repeat(auto-fill,minmax(112px,1fr));gap:14px}
      .faces figure{margin:0;min-width:0}
      .faces img{display:block;width:96px;height:96px;border-radius:6px}
      .faces figcaption{font-size:.8rem;line-height:1.35;color:var(--ink);overflow-wrap:anywhere}
      details{margin:0 0 12px}
      summary{cursor:pointer;color:var(--series-1);font-size:.92rem}
      details[open] summary{margin-bottom:10px}
      code,pre{font:.84rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
      code{overflow-wrap:anywhere}
      pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--ground);\
      border:1px solid var(--grid);border-radius:6px;padding:10px 12px;margin:0 0 12px}
      dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 16px;margin:0 0 14px;\
      font-size:.92rem}
      dt{color:var(--muted)}
      dd{margin:0;min-width:0;overflow-wrap:anywhere}
      footer{color:var(--muted);font-size:.86rem;padding:8px 4px}
      \(narrow)
      \(print)
      """

  /// On a phone, a stacking table shows each row as a block of named lines.
  private static let narrow = """
    @media screen and (max-width:700px){body{padding:0 12px 32px}header{padding-top:24px}\
    h1{font-size:1.5rem}.big{font-size:1.6rem}.pair{gap:10px}.pair div+div{padding-left:10px}th,td{padding:6px 5px}section{padding:18px 16px;margin:14px 0}\
    table.stacks,table.stacks tbody,table.stacks tr,table.stacks td,table.stacks th,\
    table.stacks caption{display:block;width:100%}\
    table.stacks thead{position:absolute;clip-path:inset(50%);height:1px;width:1px;overflow:hidden}\
    table.stacks tr{border-bottom:2px solid var(--grid);padding:8px 0}\
    table.stacks td,table.stacks tbody th{display:flex;justify-content:space-between;gap:16px;\
    border:0;padding:3px 8px;text-align:right;white-space:normal}\
    table.stacks td::before{content:attr(data-label);color:var(--muted);text-align:left;\
    flex-shrink:0}\
    table.stacks tbody th{text-align:left;font-weight:650;min-width:0}dl{grid-template-columns:1fr;gap:0}\
    dd{margin-bottom:8px}}
    """

  /// On paper: no boxes, nothing cut, twins of charts stay folded away, commands do not.
  private static let print = """
    @media print{html{font-size:10.5pt;background:none}body{max-width:none;padding:0}\
    section,.tile{border:0;border-top:1px solid var(--grid);border-radius:0;padding:12px 0;\
    break-inside:auto}nav{display:none}\
    figure,tr,.tile,table{break-inside:avoid}h2,h3,caption,thead{break-after:avoid}\
    th,td{padding:4px 4px}thead th{white-space:normal}.grid{gap:14px 18px}\
    .paper::details-content{content-visibility:visible;display:block}.scroll{overflow:visible}a{color:inherit;text-decoration:none}}
    """
}
