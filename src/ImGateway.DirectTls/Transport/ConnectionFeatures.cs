using System.Collections;
using Microsoft.AspNetCore.Http.Features;

namespace ImGateway.DirectTls.Transport;

/// <summary>The features of a connection: what the connection itself implements, and a short list of others. A dictionary would be most of the memory of an idle connection.</summary>
sealed class ConnectionFeatures(DirectConnection connection) : IFeatureCollection
{
    KeyValuePair<Type, object?>[] _added = new KeyValuePair<Type, object?>[8];
    int _count;

    public bool IsReadOnly => false;

    public int Revision { get; private set; }

    public object? this[Type key]
    {
        get
        {
            for (var i = 0; i < _count; i++)
            {
                if (_added[i].Key == key) return _added[i].Value;
            }

            return key.IsInstanceOfType(connection) ? connection : null;
        }
        set
        {
            Revision++;
            for (var i = 0; i < _count; i++)
            {
                if (_added[i].Key != key) continue;
                _added[i] = new(key, value);
                return;
            }

            if (_count == _added.Length) Array.Resize(ref _added, _count * 2);
            _added[_count++] = new(key, value);
        }
    }

    public TFeature? Get<TFeature>() => (TFeature?)this[typeof(TFeature)];

    public void Set<TFeature>(TFeature? instance) => this[typeof(TFeature)] = instance;

    public IEnumerator<KeyValuePair<Type, object>> GetEnumerator()
    {
        for (var i = 0; i < _count; i++)
        {
            if (_added[i].Value is { } feature) yield return new(_added[i].Key, feature);
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
