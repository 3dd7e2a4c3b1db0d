// Short names of emoji that status cards use; others stay as they were written.

const TABLE = `
white_check_mark ✅|heavy_check_mark ✔️|ballot_box_with_check ☑️|x ❌|warning ⚠️|no_entry ⛔|no_entry_sign 🚫
red_circle 🔴|large_orange_circle 🟠|large_yellow_circle 🟡|large_green_circle 🟢|large_blue_circle 🔵|white_circle ⚪
black_circle ⚫|large_red_square 🟥|large_green_square 🟩|rotating_light 🚨|bell 🔔|no_bell 🔕|fire 🔥|boom 💥|zap ⚡
hourglass ⌛|hourglass_flowing_sand ⏳|alarm_clock ⏰|stopwatch ⏱️|clock1 🕐|calendar 📅|date 📆|zzz 💤|sleeping 😴
phone ☎️|telephone_receiver 📞|iphone 📱|email ✉️|envelope ✉️|incoming_envelope 📨|speech_balloon 💬|mega 📣|loudspeaker 📢
bust_in_silhouette 👤|busts_in_silhouette 👥|wave 👋|raised_hands 🙌|clap 👏|pray 🙏|muscle 💪|thumbsup 👍|+1 👍|thumbsdown 👎
-1 👎|ok_hand 👌|eyes 👀|point_right 👉|handshake 🤝|smile 😄|slightly_smiling_face 🙂|neutral_face 😐|slightly_frowning_face 🙁
disappointed 😞|angry 😠|rage 😡|cry 😢|sob 😭|thinking_face 🤔|heart ❤️|broken_heart 💔|star ⭐|sparkles ✨|tada 🎉
trophy 🏆|chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|bar_chart 📊|package 📦|truck 🚚|shopping_trolley 🛒
moneybag 💰|credit_card 💳|link 🔗|lock 🔒|unlock 🔓|key 🔑|gear ⚙️|wrench 🔧|hammer_and_wrench 🛠️|bug 🐛|memo 📝|pencil2 ✏️
clipboard 📋|pushpin 📌|paperclip 📎|mag 🔍|bulb 💡|rocket 🚀|robot_face 🤖|arrow_right ➡️|arrow_left ⬅️|arrow_up ⬆️
arrow_down ⬇️|arrows_counterclockwise 🔄|repeat 🔁|question ❓|exclamation ❗|information_source ℹ️|new 🆕|sos 🆘
house 🏠|office 🏢|globe_with_meridians 🌐|earth_africa 🌍|sunny ☀️|cloud ☁️|umbrella ☔|snowflake ❄️|coffee ☕|ghost 👻`;

const EMOJI = new Map(
  TABLE.trim().split(/[|\n]/).map((entry) => {
    const cut = entry.lastIndexOf(" ");
    return [entry.slice(0, cut), entry.slice(cut + 1)];
  }),
);

/** The emoji of a short name without colons, or undefined. */
export function emoji(name) {
  return EMOJI.get(name.toLowerCase());
}

/** Text with every known `:name:` replaced. */
export function withEmoji(text) {
  return text.replace(/:([a-z0-9_+'-]+):/gi, (whole, name) => emoji(name) ?? whole);
}
