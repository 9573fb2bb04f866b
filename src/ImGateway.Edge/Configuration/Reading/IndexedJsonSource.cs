using Microsoft.Extensions.Configuration.Json;

namespace ImGateway.Edge.Configuration.Reading;

/// <summary>
/// JSON whose sections find their children by an index. .NET's provider searches all keys for each section: a file with n hosts and n certificates, all of which are
/// sections, would cost n².
/// </summary>
sealed class IndexedJsonSource : JsonStreamConfigurationSource
{
    public override IConfigurationProvider Build(IConfigurationBuilder builder) => new Provider(this);

    sealed class Provider(JsonStreamConfigurationSource source) : JsonStreamConfigurationProvider(source)
    {
        readonly Dictionary<string, HashSet<string>> _children = new(StringComparer.OrdinalIgnoreCase);

        public override void Load(Stream stream)
        {
            base.Load(stream);
            foreach (var key in Data.Keys) Index(key);
        }

        public override IEnumerable<string> GetChildKeys(IEnumerable<string> earlierKeys, string? parentPath)
        {
            List<string> keys = [.. _children.GetValueOrDefault(parentPath ?? "") ?? [], .. earlierKeys];
            keys.Sort(ConfigurationKeyComparer.Instance.Compare);
            return keys;
        }

        /// <summary>Each part of a path is a child of what is before it.</summary>
        void Index(string key)
        {
            for (var end = key.Length; ;)
            {
                var colon = key.LastIndexOf(':', end - 1);
                var parent = colon < 0 ? "" : key[..colon];
                if (!_children.TryGetValue(parent, out var children)) _children[parent] = children = new(StringComparer.OrdinalIgnoreCase);
                // Known already, and with it all that is above.
                if (!children.Add(key[(colon + 1)..end]) || colon <= 0) return;
                end = colon;
            }
        }
    }
}
