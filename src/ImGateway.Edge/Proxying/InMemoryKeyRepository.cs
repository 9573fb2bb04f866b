using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// Keeps the keys of YARP's encrypted affinity cookies in memory; by default they are written to the home directory. After a restart a
/// cookie cannot be decrypted, and its client is balanced again.
/// </summary>
sealed class InMemoryKeyRepository : IXmlRepository
{
    readonly List<XElement> _keys = [];

    public IReadOnlyCollection<XElement> GetAllElements()
    {
        lock (_keys) return [.. _keys];
    }

    public void StoreElement(XElement element, string friendlyName)
    {
        lock (_keys) _keys.Add(element);
    }
}
