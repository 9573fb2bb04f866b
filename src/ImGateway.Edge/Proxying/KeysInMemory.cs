using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// Keys of YARP's encrypted affinity cookies, which by default are written into the home directory at start. They live as long as the process: a
/// cookie that cannot be read only means that its client is balanced anew.
/// </summary>
sealed class KeysInMemory : IXmlRepository
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
