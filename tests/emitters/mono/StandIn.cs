// What Mono lacks of .NET, as much of it as the guide's program needs.
using System;

namespace System.Text.Json
{
    using System.Globalization;
    using System.Linq;

    public static class JsonSerializer
    {
        public static string Serialize(object value)
        {
            if (value is string text) return "\"" + text.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\"";
            if (value is DateTimeOffset time) return "\"" + time.ToString("o", CultureInfo.InvariantCulture) + "\"";
            var members = value.GetType().GetProperties().Select(one => Serialize(one.Name) + ":" + Serialize(one.GetValue(value)));
            return "{" + string.Join(",", members) + "}";
        }
    }
}

// Its compiler takes no asynchronous Main.
public static class Beginning
{
    public static void Main() => Program.Main().GetAwaiter().GetResult();
}
